/**
 * What became of every push (CON-4), told from the log's own rows: nothing is written for it on the way of a push.
 * Only pushes of the last 30 days of configs that exist; not persistent ones are never stored and never listed.
 */

/** Best first; over several devices the best one counts (CON-4). */
export const PUSH_STATES = ["arrived", "sent", "pending", "expired", "filtered", "threshold", "discarded"] as const;
export type PushState = typeof PUSH_STATES[number];

/** How far back pushes are listed and counted, ms. */
export const PUSH_HISTORY_MS = 30 * 24 * 3600_000;

export type PushItem = {
  id: number;
  bizType: string;
  /** User id or device id by the config's target; "" for everybody. */
  owner: string;
  thirdMsgId: string | null;
  state: PushState;
  /** When it was accepted, ms. */
  createdAt: number;
  /** The first device's acknowledgement, ms. */
  arrivedAt: number | null;
  /** The device that acknowledged first. */
  deviceId: string | null;
  /** Never sent from then on, ms. */
  validUntil: number;
  osType: string | null;
  appMinVersion: string | null;
  appMaxVersion: string | null;
};

/** Where a page of pushes ended: the last row that was looked at. */
export type PushCursor = { at: number; config: number; owner: string; id: number };

export type PushQuery = {
  instanceNo: number;
  /** Pushes for this user; with `deviceId`, those of them that arrived first on that device. */
  userId?: string | undefined;
  /** Without `userId`: pushes for this device. */
  deviceId?: string | undefined;
  bizType?: string | undefined;
  state?: PushState | undefined;
  thirdMsgId?: string | undefined;
  /** Accepted at or after, ms. */
  from?: number | undefined;
  /** Accepted before, ms. */
  to?: number | undefined;
  after?: PushCursor | undefined;
  limit: number;
  /** ms. */
  now: number;
};

/** What one device has to do with one push. */
export type PushDelivery = {
  /** The user or device that the delivery is for. */
  subject: string;
  /** null: a single-device push, which goes to one session at a time. */
  deviceId: string | null;
  state: "sent" | "owed" | "discarded" | "threshold";
  attempts: number;
  /** ms; null where it is not kept. */
  at: number | null;
};

/** One push with all that is still kept of it. */
export type PushDetail = PushItem & {
  /** Text, or base64 where `binary`; null once it is deleted (PER-1). */
  payload: string | null;
  binary: boolean;
  deliveries: PushDelivery[];
};

export type DeadLetter = {
  bizType: string;
  /** Whom the push was for; "" for everybody. */
  owner: string;
  /** The user whose delivery was given up; null where the target is a device. */
  userId: string | null;
  /** The device that did not answer; null where all devices of the owner are meant. */
  deviceId: string | null;
  id: number;
  thirdMsgId: string | null;
  reason: "retries" | "threshold";
  attempts: number;
  /** ms. */
  at: number;
};

export type DeadLetterCursor = { at: number; subject: string; config: number; device: string; id: number };

export type DeadLetterQuery = {
  instanceNo: number;
  bizType?: string | undefined;
  userId?: string | undefined;
  deviceId?: string | undefined;
  reason?: DeadLetter["reason"] | undefined;
  from?: number | undefined;
  to?: number | undefined;
  after?: DeadLetterCursor | undefined;
  limit: number;
};

/**
 * Guarantees: newest first, in a total order, so that following `next` shows every row once; a page may be shorter
 * than its limit, even empty, while `next` is not null (a rare state is looked for in bounded steps); only null ends.
 */
export interface PushStates {
  list(query: PushQuery): Promise<{ items: PushItem[]; next: PushCursor | null }>;
  /** @returns undefined where there is no such push. */
  detail(key: { instanceNo: number; bizType: string; owner: string; id: number; now: number }): Promise<
    PushDetail | undefined
  >;
  /** Pushes of the last 30 days for this owner, and how many of them arrived: the same rows that `list` shows. */
  counts(key: { instanceNo: number; target: "user" | "device"; owner: string; now: number }): Promise<
    { pushes: number; arrivals: number }
  >;
  deadLetters(query: DeadLetterQuery): Promise<{ items: DeadLetter[]; next: DeadLetterCursor | null }>;
}
