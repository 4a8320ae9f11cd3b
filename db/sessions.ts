/** The table of live sessions: one row per device, whatever the number of server processes (DEV-3). */

export type SessionClaim = {
  instance: number;
  deviceId: string;
  connection: string;
  /** The client's own increasing number; the newer connection of a device has the higher one. */
  seq: number;
  os: string | undefined;
  appVersion: string | undefined;
  foreground: boolean;
  userId: string | null;
  connectedAt: number;
};

/** What changed on a session since it was claimed. */
export type SessionChange = {
  connection: string;
  instance: number;
  deviceId: string;
  foreground: boolean;
  userId: string | null;
  consistency: "valid" | "invalid" | "unknown" | null;
};

/**
 * Guarantees: a claim with a `seq` below that of the device's live session on another living node is refused, any other
 * replaces the row and tells the node that held it (channel `syncline_evict`, and `evicted` for when that is lost).
 * Rows of dead nodes refuse nobody.
 */
export interface SessionStore {
  /** In the order of the input: null when granted, else the `seq` of the live session. */
  claim(claims: readonly SessionClaim[], now: number): Promise<(number | null)[]>;
  update(changes: readonly SessionChange[]): Promise<void>;
  /** Removes rows, unless another connection has taken them over. */
  release(sessions: readonly { instance: number; deviceId: string; connection: string }[]): Promise<void>;
  /**
   * Tells the nodes that hold this owner's other sessions to close them (channel `syncline_kick`, and `evicted` for when that
   * is lost). @returns how many
   */
  kickElsewhere(instance: number, owner: { userId: string } | { deviceId: string }): Promise<number>;
  /** Sessions of this node that were taken over elsewhere since the last call, by which `seq`; null: kicked. */
  evicted(): Promise<{ connection: string; seq: number | null }[]>;
  /**
   * Says that this node lives; removes the rows of nodes that were not seen for a minute.
   *
   * @returns whether it was not known: at first, and when the others have taken it for dead and removed its rows.
   */
  beat(now: number): Promise<boolean>;
  /** Removes this node and its rows. */
  leave(): Promise<void>;
}

/** A node that was not seen for so long holds no session any more, ms. */
export const NODE_DEAD_MS = 10_000;
