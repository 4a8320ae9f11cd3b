import type { Config } from "../db/catalog.ts";
import type { LoggedOp } from "../db/delivery.ts";

/** How the push path finds an owner's live connections; other nodes can be asked behind it one day. */
export interface Bus {
  /**
   * Hands on an op that was committed.
   *
   * @param read makes the op; most pushes find nobody, and then it need not be
   * @returns whether it was handed to an eligible session
   */
  deliver(config: Config, owner: string, read: () => LoggedOp, prev: number): boolean;
  /** Hands on an op that is not stored (PER-2). */
  deliverVolatile(config: Config, owner: string, op: LoggedOp): boolean;
}
