import type { DeliveryStore, OpKey, Progress, Target } from "../db/delivery.ts";
import type { Clock } from "../src/clock.ts";
import type { InFlight } from "./lane_state.ts";

export type RecorderOptions = {
  /** Progress is written at the latest after so many ms. @default 100 */
  flushMs?: number;
  /** Called when a flush fails; it is tried again. */
  failed: (error: unknown) => void;
};

type Pending = {
  points: Map<string, Target & { point: number }>;
  sent: Map<string, OpKey & { attempts: number }>;
  arrivals: Map<string, Progress["arrivals"][number]>;
  done: OpKey[];
  settled: OpKey[];
  discarded: Progress["discarded"];
};

const RETRY_MS = 500;
/** Global ops whose first arrival was recorded already: the next 100,000 devices need not say so again. */
const KNOWN_ARRIVALS = 5_000;

/**
 * Coalesces what actors want remembered (latest wins) and writes it in batches. An op acknowledged before its first
 * flush costs one row, its arrival. `flush` is the barrier: everything recorded before it is durable when it resolves.
 */
export class Recorder {
  readonly #store: DeliveryStore;
  readonly #clock: Clock;
  readonly #flushMs: number;
  readonly #failed: (error: unknown) => void;
  readonly #known = new Set<string>();
  #pending: Pending = empty();
  #size = 0;
  #writing: Promise<void> | null = null;
  /** The flush after the one under way: one for all who ask meanwhile. */
  #following: Promise<void> | null = null;
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(store: DeliveryStore, clock: Clock, options: RecorderOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#flushMs = options.flushMs ?? 100;
    this.#failed = options.failed;
  }

  /** Whether something recorded is not durable yet. */
  get dirty(): boolean {
    return this.#size > 0 || this.#writing !== null;
  }

  /** Points only rise: what a hello reported is credited behind acknowledgements that came later (PT-1). */
  point(target: Target, point: number): void {
    const key = targetKey(target);
    const known = this.#pending.points.get(key)?.point ?? 0;
    this.#pending.points.set(key, { ...target, point: Math.max(known, point) });
    this.#touch();
  }

  /** First sends and charged retries: durable unless the acknowledgement comes first. */
  sent(target: Target, items: readonly InFlight[]): void {
    for (const { op, attempts } of items) {
      this.#pending.sent.set(opKey(target, op.id), { ...target, id: op.id, attempts });
    }
    if (items.length > 0) this.#touch();
  }

  acked(target: Target, owner: string, device: string, items: readonly InFlight[]): void {
    const now = this.#clock.now();
    for (const item of items) {
      this.arrived(target, owner, device, item.op.id, Math.max(0, now - item.op.at));
      this.#left(target, item);
    }
  }

  arrived(target: Target, owner: string, device: string, id: number, latency: number): void {
    const key = `${target.config}\n${owner}\n${id}`;
    if (owner === "") {
      if (this.#known.has(key)) return;
      if (this.#known.size >= KNOWN_ARRIVALS) this.#known.clear();
      this.#known.add(key);
    }
    if (!this.#pending.arrivals.has(key)) {
      const { instance, config } = target;
      this.#pending.arrivals.set(key, { instance, owner, config, id, device, latency });
      this.#touch();
    }
  }

  expired(target: Target, items: readonly InFlight[]): void {
    for (const item of items) this.#left(target, item);
  }

  discarded(target: Target, items: readonly InFlight[]): void {
    for (const item of items) {
      const { id, mid } = item.op;
      this.#pending.discarded.push({ ...target, id, mid, attempts: item.attempts });
      this.#left(target, item);
    }
  }

  /** Delivery rows of ops that a reported point covered. */
  forget(target: Target, ids: readonly number[]): void {
    for (const id of ids) this.#pending.done.push({ ...target, id });
    if (ids.length > 0) this.#touch();
  }

  /** Writes what is pending a last time; what comes later is repaired by the reported points of the next hello. */
  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    this.#cancel?.();
  }

  /** Resolves when everything recorded so far is durable; what comes meanwhile makes nobody wait longer. */
  flush(): Promise<void> {
    if (this.#size === 0) return this.#writing ?? Promise.resolve();
    if (!this.#writing) return this.#writing = this.#write().finally(() => this.#writing = null);
    return this.#following ??= this.#writing.then(() => {
      this.#following = null;
      return this.flush();
    });
  }

  #left(target: Target, item: InFlight): void {
    const key = { ...target, id: item.op.id };
    const unwritten = this.#pending.sent.delete(opKey(target, item.op.id)) && !item.recorded && item.attempts === 0;
    if (!unwritten) this.#pending.done.push(key);
    if (item.owed) this.#pending.settled.push(key);
    this.#touch();
  }

  #touch(): void {
    if (this.#closed) return;
    this.#size++;
    this.#cancel ??= this.#clock.after(this.#flushMs, () => {
      this.#cancel = null;
      void this.flush();
    });
  }

  async #write(): Promise<void> {
    const pending = this.#pending;
    this.#pending = empty();
    this.#size = 0;
    this.#cancel?.();
    this.#cancel = null;
    const progress: Progress = {
      points: [...pending.points.values()],
      arrivals: [...pending.arrivals.values()],
      sent: [...pending.sent.values()],
      done: pending.done,
      settled: pending.settled,
      discarded: pending.discarded,
      at: this.#clock.now(),
    };
    for (;;) {
      try {
        return await this.#store.save(progress);
      } catch (error) {
        if (this.#closed) return;
        this.#failed(error);
        await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
      }
    }
  }
}

const empty = (): Pending => ({
  points: new Map(),
  sent: new Map(),
  arrivals: new Map(),
  done: [],
  settled: [],
  discarded: [],
});

const targetKey = (t: Target) => `${t.instance}\n${t.config}\n${t.device}\n${t.subject}`;
const opKey = (t: Target, id: number) => `${id}\n${t.config}\n${t.device}\n${t.subject}\n${t.instance}`;
