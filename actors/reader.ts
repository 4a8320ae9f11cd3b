import type { Config } from "../db/catalog.ts";
import type { DeliveryStore, Page, PageRequest, TargetOp } from "../db/delivery.ts";
import type { Clock } from "../src/clock.ts";
import { expiryOf } from "./eligibility.ts";

/** A read of the log on behalf of one target. */
export type ReadRequest = Omit<PageRequest, "config" | "threshold"> & {
  config: Config;
  /** Nothing beyond this id is wanted: it is neither owed nor marked as sent. */
  until: number;
  /** Whether the target may get this op: OS and version of its session, or of any of its sessions. */
  admits: (op: TargetOp) => boolean;
  /** Skipped ops stay owed to this device (FLT-3); false for streams whose every op is tracked anyway (DEV-2). */
  owes: boolean;
  /** Nothing is recorded about this target in this stream: a page from memory will do. */
  plain: boolean;
  done: (page: Page) => void;
  /** The log could not be read; called after a pause, so that asking again at once is right. */
  failed: () => void;
};

/** Recent ops of global streams, kept in memory by the broadcaster. */
export interface GlobalPages {
  /** Ops above `after`, or undefined when memory does not reach back so far. */
  page(config: number, after: number, limit: number): Page | undefined;
}

export type ReaderOptions = {
  /** Queries under way at once. @default 3 */
  lanes?: number;
  /** Requests in one query at most. @default 200 */
  batch?: number;
  failed: (error: unknown) => void;
};

/** Pause after a read that failed, ms. */
const RETRY_MS = 1_000;

/**
 * Reads the log for all actors: requests of one turn share a query. What must be durable before a batch may cover an
 * op is made durable here, before the page is handed on: ops owed because of a filter (FLT-3), and the mark "sent" of
 * ops in streams with a threshold (THR-1).
 */
export class Reader {
  readonly #store: DeliveryStore;
  readonly #globals: GlobalPages;
  readonly #clock: Clock;
  readonly #lanes: number;
  readonly #batch: number;
  readonly #failed: (error: unknown) => void;
  #waiting: ReadRequest[] = [];
  #running = 0;
  #scheduled = false;

  constructor(store: DeliveryStore, globals: GlobalPages, clock: Clock, options: ReaderOptions) {
    this.#store = store;
    this.#globals = globals;
    this.#clock = clock;
    this.#lanes = options.lanes ?? 3;
    this.#batch = options.batch ?? 200;
    this.#failed = options.failed;
  }

  read(request: ReadRequest): void {
    this.#waiting.push(request);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    this.#fromMemory();
    while (this.#running < this.#lanes && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#batch);
      this.#running++;
      void this.#fetch(batch).finally(() => {
        this.#running--;
        this.#pump();
      });
    }
  }

  /** GLB-4: catching up with recent global ops costs no query. */
  #fromMemory(): void {
    const rest: ReadRequest[] = [];
    for (const request of this.#waiting.splice(0)) {
      const memory = request.owner === "" && request.plain && !request.ids && request.config.threshold === null;
      const page = memory ? this.#globals.page(request.config.no, request.after, request.limit) : undefined;
      if (page && page.ops.every(request.admits)) request.done(page);
      else rest.push(request);
    }
    this.#waiting.unshift(...rest);
  }

  async #fetch(batch: readonly ReadRequest[]): Promise<void> {
    try {
      const pages = await this.#store.pages(batch.map(toPageRequest));
      const admitted = await this.#owe(batch, pages.map((page, index) => within(page, batch[index]!.until)));
      const claimed = await this.#claim(batch, admitted);
      batch.forEach((request, index) => request.done(claimed[index]!));
    } catch (error) {
      this.#failed(error);
      await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
      for (const request of batch) request.failed();
    }
  }

  async #owe(batch: readonly ReadRequest[], pages: readonly Page[]): Promise<Page[]> {
    const now = this.#clock.now();
    const owed = batch.flatMap((request, index) =>
      request.owes && !request.ids
        ? pages[index]!.ops.filter((op) => !request.admits(op) && expiryOf(op, request.config) > now)
          .map((op) => key(request, op.id))
        : []
    );
    if (owed.length > 0) await this.#store.owe(owed);
    return pages.map((page, index) => {
      const request = batch[index]!;
      return request.owes ? { ...page, ops: page.ops.filter(request.admits) } : page;
    });
  }

  async #claim(batch: readonly ReadRequest[], pages: readonly Page[]): Promise<Page[]> {
    const wanted = batch.flatMap((request, index) =>
      request.config.threshold === null ? [] : pages[index]!.ops.filter((op) => !op.recorded && request.admits(op))
        .map((op) => ({ ...key(request, op.id), owner: request.owner }))
    );
    if (wanted.length === 0) return [...pages];
    const granted = new Set((await this.#store.claim(wanted, this.#clock.now())).map(asText));
    return pages.map((page, index) => {
      const request = batch[index]!;
      if (request.config.threshold === null) return page;
      const ops = page.ops.filter((op) =>
        op.recorded || !request.admits(op) || granted.has(asText(key(request, op.id)))
      );
      return { ...page, ops: ops.map((op) => ({ ...op, recorded: op.recorded || request.admits(op) })) };
    });
  }
}

function within(page: Page, until: number): Page {
  if (page.upTo <= until) return page;
  return { ...page, ops: page.ops.filter((op) => op.id <= until), upTo: until };
}

const asText = (k: { config: number; subject: string; device: string; id: number }) =>
  `${k.id} ${k.config} ${k.device}\n${k.subject}`;

function key({ instance, subject, device, config }: ReadRequest, id: number) {
  return { instance, subject, device, config: config.no, id };
}

function toPageRequest(request: ReadRequest): PageRequest {
  const { instance, subject, device, owner, after, limit, unarrived, config, ids } = request;
  const range = { instance, subject, device, owner, after, limit, unarrived, config: config.no };
  return { ...range, threshold: config.threshold, ...(ids ? { ids } : {}) };
}
