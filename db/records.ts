/** The operators' records: who did what, when, and what changed (REC-1, REC-2). Never altered or deleted. */

/** What is recorded (REC-1). */
export const RECORD_ACTIONS = [
  "instance.created",
  "instance.changed",
  "signature.on",
  "signature.off",
  "secret.created",
  "secret.revoked",
  "epoch",
  "config.created",
  "config.changed",
  "config.deleted",
  "config.online",
  "config.offline",
  "data.sent",
  "data.refused",
  "kick",
  "operator.created",
  "operator.changed",
  "operator.password",
] as const;
export type RecordAction = typeof RECORD_ACTIONS[number];

/** Who does something: an operator's login, or `token` for the bearer token, and the time, ms since 1970. */
export type Actor = { operator: string; at: number };

/** The whole object as it was or is; never holds a secret, a password or a hash. */
export type RecordedObject = { [field: string]: unknown };

export type NewRecord = {
  action: RecordAction;
  /** `Instance.no`; null for what concerns operators. */
  instanceNo: number | null;
  /** What it was done to: a bizType, an instance id, a user, a login. */
  object: string;
  before: RecordedObject | null;
  after: RecordedObject | null;
};

export type OperatorRecord = {
  id: number;
  /** ms since 1970. */
  at: number;
  operator: string;
  action: RecordAction;
  object: string;
  before: RecordedObject | null;
  after: RecordedObject | null;
};

export type RecordQuery = {
  /** null: the records that belong to no instance. */
  instanceNo: number | null;
  operator?: string | undefined;
  action?: RecordAction | undefined;
  /** ms, inclusive. */
  from?: number | undefined;
  /** ms, exclusive. */
  to?: number | undefined;
  /** Where the previous page ended: its last record. */
  after?: { at: number; id: number } | undefined;
  limit: number;
};

/** Guarantees: newest first, then the higher id; a record that was written is never changed, whatever path is taken. */
export interface Records {
  /** Writes one record in a transaction of its own: for what the database does not do itself (send data, kick). */
  write(actor: Actor, record: NewRecord): Promise<void>;
  list(query: RecordQuery): Promise<OperatorRecord[]>;
}
