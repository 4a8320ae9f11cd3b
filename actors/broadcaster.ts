import type { Catalog, Config } from "../db/catalog.ts";
import type { DeliveryStore, LoggedOp, Page, TargetOp } from "../db/delivery.ts";
import type { GlobalPages } from "./reader.ts";
import type { Log } from "./runtime.ts";

type GlobalStream = {
  head: number;
  /** Memory holds all kept ops above this id. */
  from: number;
  ops: TargetOp[];
  bytes: number;
};

/** Ops of one global stream in memory at most, and their bytes. */
const MAX_OPS = 1_000;
const MAX_BYTES = 8 * 1024 * 1024;

export type BroadcasterOptions = {
  store: DeliveryStore;
  catalog: Catalog;
  log: Log;
  /** These ops were read from the log, and not published here. */
  learned: (config: Config, ops: readonly LoggedOp[]) => void;
};

/**
 * Global pushes (GLB-1 to GLB-5): one row in the log, and in memory the streams' heads and recent ops, so that a
 * foreground event that has nothing new asks nobody, and one that has something reads it from here. Nobody is sent
 * anything by a push itself: devices pull at their next foreground.
 */
export class Broadcaster implements GlobalPages {
  readonly #o: BroadcasterOptions;
  readonly #streams = new Map<number, GlobalStream>();
  readonly #loading = new Map<number, Promise<void>>();

  constructor(options: BroadcasterOptions) {
    this.#o = options;
  }

  /** The stream's head as far as it is known here; at the latest the poll for lost hints brings it up to date. */
  head(config: number): number {
    return this.#streams.get(config)?.head ?? 0;
  }

  published(config: Config, op: LoggedOp, prev: number): void {
    const stream = this.#streams.get(config.no);
    if (!stream && prev !== config.floor) return void this.load(config);
    const known = stream ?? { head: prev, from: prev, ops: [], bytes: 0 };
    if (known.head !== prev) return this.hint(config, op.id);
    known.ops.push({ ...op, attempts: 0, recorded: false });
    known.bytes += op.bytes;
    known.head = op.id;
    trim(known);
    this.#streams.set(config.no, known);
  }

  /** The log's head is at least `id`: read what is missing. */
  hint(config: Config, id: number): void {
    if (id <= this.head(config.no)) return;
    // a read that was under way may have begun before the op was there
    void this.load(config).then(() => id > this.head(config.no) ? this.load(config) : undefined);
  }

  /**
   * A client says that it has this op, which may have been published on another process: resolves when it is known here
   * whether the log has it.
   *
   * @throws when the log cannot be read.
   */
  async reach(config: Config, id: number): Promise<void> {
    if (id > this.head(config.no)) await this.#single(config);
  }

  page(config: number, after: number, limit: number): Page | undefined {
    const stream = this.#streams.get(config);
    if (!stream || after < stream.from) return undefined;
    const first = firstAbove(stream.ops, after);
    const ops = stream.ops.slice(first, first + limit);
    return { ops, head: stream.head, upTo: ops.length >= limit ? ops.at(-1)!.id : stream.head };
  }

  /** Reads the stream's head and, where it is short enough, all of it. A failure is logged; the next hint tries again. */
  async load(config: Config): Promise<void> {
    try {
      await this.#single(config);
    } catch (error) {
      this.#o.log("warning", "global stream not read", { config: config.no, error: String(error) });
    }
  }

  /** Loads all global streams: at start, before the first client. @throws when the log cannot be read. */
  async loadAll(): Promise<void> {
    for (const instance of this.#o.catalog.instances()) {
      const global = this.#o.catalog.configsOf(instance.no).filter((config) => config.scope === "global");
      await Promise.all(global.map((config) => this.#single(config)));
    }
  }

  remove(config: number): void {
    this.#streams.delete(config);
  }

  /** What is kept has changed: only the log knows which ops are left; the head stays. */
  forget(config: number): void {
    const stream = this.#streams.get(config);
    if (stream) this.#streams.set(config, { head: stream.head, from: stream.head, ops: [], bytes: 0 });
  }

  #single(config: Config): Promise<void> {
    const under = this.#loading.get(config.no);
    if (under) return under;
    const work = this.#load(config).finally(() => this.#loading.delete(config.no));
    this.#loading.set(config.no, work);
    return work;
  }

  async #load(config: Config): Promise<void> {
    const before = this.#streams.get(config.no);
    const after = before?.head ?? 0;
    const [page] = await this.#o.store.pages([{
      instance: config.instance,
      owner: "",
      subject: "",
      device: "",
      config: config.no,
      after,
      limit: MAX_OPS,
      unarrived: false,
      threshold: null,
    }]);
    if (!page) return;
    // what was published or forgotten while the page was read is not in it
    const now = this.#streams.get(config.no);
    if (now !== before || (now?.head ?? 0) !== after) return await this.#load(config);
    const short = page.ops.length < MAX_OPS;
    const ops = short ? [...(before?.ops ?? []), ...page.ops] : [];
    const bytes = ops.reduce((sum, op) => sum + op.bytes, 0);
    const stream = { head: page.head, from: short ? (before?.from ?? 0) : page.head, ops, bytes };
    trim(stream);
    this.#streams.set(config.no, stream);
    if (page.ops.length > 0) this.#o.learned(config, page.ops);
  }
}

/** Lets the oldest ops go until the others are few and small enough for memory. */
function trim(stream: GlobalStream): void {
  while (stream.ops.length > MAX_OPS || stream.bytes > MAX_BYTES) {
    const oldest = stream.ops.shift()!;
    stream.bytes -= oldest.bytes;
    stream.from = oldest.id;
  }
}

function firstAbove(ops: readonly TargetOp[], id: number): number {
  let low = 0;
  for (let high = ops.length; low < high;) {
    const middle = (low + high) >> 1;
    if (ops[middle]!.id <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
