/** The oplog: durable, ordered, idempotent appends. `append_queue.ts` shares commits, `oplog_postgres.ts` does them. */

/** One accepted push on its way into the log. */
export type NewOp = {
  /** `Config.no`. */
  config: number;
  /** User id, device id, or "" for everybody. */
  owner: string;
  /** thirdMsgId, the idempotency key within the stream (PUSH-4). */
  mid: string;
  /** When it was accepted, ms. */
  at: number;
  /** Never sent from then on, ms (PUSH-6). */
  validUntil: number;
  /** Whether `validUntil` lies before the retention's end. */
  early: boolean;
  payload: string;
  /** `payload` is base64 of raw bytes. */
  binary: boolean;
  os: string | null;
  minVersion: string | null;
  maxVersion: string | null;
};

/**
 * What became of one append. `prev` is the stream's head before this op: who has everything up to `prev` lacks nothing
 * when he gets this one. `offline`: the config is unknown, deleted or offline. `expired`: past its validity, not stored.
 */
export type Appended =
  | { outcome: "stored"; id: number; prev: number }
  | { outcome: "duplicate" }
  | { outcome: "offline" }
  | { outcome: "expired" };

/**
 * Guarantees of an implementation:
 * - `stored` is answered only after the op is on disk (PUSH-3);
 * - within a stream ids rise in call order, are never reused, and become visible in their order (STR-1, STR-2);
 * - of many appends with one (config, owner, mid) exactly one is stored (PUSH-4);
 * - the answers stand in the order of the input; when it throws, nothing is known of any of them.
 */
export interface Oplog {
  append(ops: readonly NewOp[]): Promise<Appended[]>;
}
