/** One row of the table of live sessions, written by the node that holds the connection. */
export type SessionRow = {
  node: string;
  deviceId: string;
  userId: string | null;
  os: string | null;
  appVersion: string | null;
  foreground: boolean;
  /** ms. */
  connectedAt: number;
  consistency: "valid" | "invalid" | "unknown" | null;
};

/** Reads the table of live sessions. Guarantee: rows of dead nodes (`NODE_DEAD_MS`) are left out. */
export interface SessionRows {
  /** At most 200 rows. */
  of(instanceNo: number, owner: { userId: string } | { deviceId: string }, now: number): Promise<SessionRow[]>;
}
