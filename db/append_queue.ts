import { setImmediate } from "node:timers";
import { codeOf, isTransient } from "./error_codes.ts";
import { FairQueue } from "./fair_queue.ts";
import type { Appended, NewOp, Oplog } from "./oplog.ts";

/** The queue is full: the caller is told to come back later (PUSH-5). */
export class QueueFullError extends Error {
  override name = "QueueFullError";
  constructor() {
    super("Cannot append: the queue is full");
  }
}

export type AppendQueueOptions = {
  /** Appends waiting at most; more are refused at once. @default 10000 */
  limit?: number;
  /** Ops in one commit at most. @default 200 */
  batch?: number;
  /**
   * Commits given to one connection at once: the database begins the next while the server answers the callers of the
   * last. @default 2
   */
  depth?: number;
  /** Clock.after. @default the machine's timers */
  after?: (ms: number, callback: () => void) => () => void;
  /** Whose op it is: when more wait than the next commits take, all have their turn. @default all are one's */
  shareOf?: (op: NewOp) => number;
  /** Called after each commit with its duration in ms and the number of its ops. */
  observe?: (ms: number, ops: number) => void;
};

/** So many ops must wait before a commit is begun behind another. */
const WORTHWHILE = 4;
/** A commit that takes longer waits for something else than the processor: a lock, the disk, ms. */
const SLOW_MS = 10;
/** Turns of the event loop that a commit waits at most for the callers of the last one. */
const TURNS = 8;

/** A connection to the log, on which commits are made one after the other. */
type Lane = {
  readonly log: Oplog;
  /** Commits under way. */
  running: number;
  /** Ops of the batch that was begun last. */
  last: number;
  /** The commit under way takes long: the next goes another way. */
  slow: boolean;
  cancel: () => void;
};

type Waiting = { op: NewOp; resolve: (result: Appended) => void; reject: (error: unknown) => void };

/** Error classes that speak of the data of a row: 21 cardinality, 22 data, 23 constraint, 54 limits exceeded. */
const DATA_CLASSES = new Set(["21", "22", "23", "54"]);

/**
 * Group commit: concurrent appends share one commit, with a bounded queue. A batch that Postgres refuses for its data
 * is split until the bad row is alone, so that one request never fails another (PUSH-7).
 */
export class AppendQueue {
  readonly #lanes: readonly Lane[];
  readonly #batch: number;
  readonly #depth: number;
  readonly #after: (ms: number, callback: () => void) => () => void;
  readonly #observe: (ms: number, ops: number) => void;
  readonly #waiting: FairQueue<Waiting>;
  #running = 0;
  #idle: (() => void)[] = [];
  /** Size of the last batch. */
  #last = 0;
  /** Turns of the event loop that the next commit may still wait. */
  #patience = 0;
  #scheduled = false;

  /** @param logs one log, by as many connections */
  constructor(logs: readonly Oplog[], options: AppendQueueOptions = {}) {
    this.#lanes = logs.map((log) => ({ log, running: 0, last: 0, slow: false, cancel: () => {} }));
    this.#batch = options.batch ?? 200;
    this.#depth = options.depth ?? 2;
    this.#after = options.after ?? after;
    this.#observe = options.observe ?? (() => {});
    const { limit = 10_000, shareOf = () => 0 } = options;
    // no more than half in one line, so that also a small queue has room for the shares
    const line = Math.min(this.#batch * this.#lanes.length, Math.ceil(limit / 2));
    this.#waiting = new FairQueue({ limit, line, shareOf: ({ op }) => shareOf(op) });
  }

  /** Appends waiting for a commit now. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Whether a further op of this share would be refused: the queue is full, and nobody else has more in it. */
  refuses(share: number): boolean {
    return this.#waiting.refuses(share);
  }

  /**
   * Resolves once the op's fate is committed.
   *
   * @throws {QueueFullError} when the queue is full, or the place is another's by turn; nothing was stored.
   * @throws the database's error; whether the op was stored is then unknown, and a repeat with the same id is safe.
   */
  append(op: NewOp): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ op, resolve, reject })?.reject(new QueueFullError());
      this.#pump();
    });
  }

  /** Resolves when nothing is waiting or under way. */
  drained(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #pump(): void {
    while (this.#waiting.length > 0) {
      const lane = this.#freeLane();
      if (!lane || this.#running === 0 && this.#waitsForMore()) return;
      const batch = this.#waiting.take(this.#batch);
      this.#last = lane.last = batch.length;
      this.#patience = TURNS;
      this.#running++;
      if (lane.running++ === 0) this.#watch(lane);
      void this.#commit(lane.log, batch).finally(() => {
        this.#running--;
        lane.running--;
        this.#watch(lane);
        this.#pump();
        if (this.#running === 0 && this.#waiting.length === 0) { for (const done of this.#idle.splice(0)) done(); }
      });
    }
  }

  /** The first lane that is not held up. A commit is begun behind another only when it is as large, and worth its sync. */
  #freeLane(): Lane | undefined {
    const lane = this.#lanes.find(({ slow }) => !slow);
    if (!lane || lane.running === 0) return lane;
    const worth = this.#waiting.length >= Math.max(WORTHWHILE, lane.last);
    return worth && lane.running < this.#depth ? lane : undefined;
  }

  /** Times the commit that is now the lane's first. */
  #watch(lane: Lane): void {
    lane.cancel();
    lane.slow = false;
    if (lane.running === 0) return;
    lane.cancel = this.#after(SLOW_MS, () => {
      lane.slow = true;
      this.#pump();
    });
  }

  /**
   * The callers of the last batch have just been answered and most call again: giving the event loop a few turns makes
   * one commit of what would be a tiny one and then a large one. A single caller never waits.
   */
  #waitsForMore(): boolean {
    if (this.#waiting.length * 2 >= this.#last || this.#patience === 0) return false;
    this.#patience--;
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#pump();
      });
    }
    return true;
  }

  async #commit(log: Oplog, batch: Waiting[], retries = 3): Promise<void> {
    const start = performance.now();
    try {
      const results = await log.append(batch.map((waiting) => waiting.op));
      this.#observe(performance.now() - start, batch.length);
      batch.forEach((waiting, index) => waiting.resolve(results[index]!));
    } catch (error) {
      const code = codeOf(error);
      if (isTransient(error) && retries > 0) return this.#commit(log, batch, retries - 1);
      if (DATA_CLASSES.has(code.slice(0, 2)) && batch.length > 1) {
        const half = batch.length >> 1;
        await this.#commit(log, batch.slice(0, half));
        await this.#commit(log, batch.slice(half));
        return;
      }
      for (const waiting of batch) waiting.reject(error);
    }
  }
}

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
