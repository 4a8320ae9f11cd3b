import type { Appended, NewOp } from "./oplog.ts";
import type { Actor, NewRecord } from "./records.ts";

/**
 * Pushes that an operator sends. Guarantees, beside those of `Oplog`:
 * - the op and its record are one transaction: neither exists without the other (REC-1);
 * - what is not `stored` leaves no record.
 */
export interface RecordedAppends {
  /**
   * Resolves once the op's fate is committed.
   *
   * @throws {QueueFullError} when too many are waiting; nothing was stored.
   * @throws the database's error; whether op and record were stored is then unknown, and a repeat with the same id safe.
   */
  append(op: NewOp, actor: Actor, record: NewRecord): Promise<Appended>;
}
