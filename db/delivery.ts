/**
 * What is durable about deliveries: sync points, arrivals, charged retries, ops owed to a device, dead letters, and the
 * reads of the log that a delivery needs. All calls take batches, so that many actors share one round trip.
 *
 * A *target* is whom one copy of an op is for: `subject` is the user or the device, `device` the device of a user (and
 * "" where the subject is the device, or where the whole user is the target: single-device streams).
 */

export type Target = { instance: number; subject: string; config: number; device: string };

/** An op as the actors hold it: what the decision to send needs, and its wire form, encoded once. */
export type LoggedOp = {
  id: number;
  mid: string;
  at: number;
  validUntil: number;
  os: string | null;
  minVersion: string | null;
  maxVersion: string | null;
  /** The wire form, docs/protocol.md. */
  json: string;
  /** Bytes of `json` as UTF-8. */
  bytes: number;
};

/** An op read for one target, with what was recorded about that target: retries charged, and whether it was sent. */
export type TargetOp = LoggedOp & { attempts: number; recorded: boolean };

/** What is known about a device, or about a user on a device, when it connects. */
export type Hydrated = {
  /** Streams of this owner that hold ops, with their heads. */
  streams: { config: number; head: number }[];
  /** The server's record of this target's sync points. */
  points: { config: number; point: number }[];
  /** Ops owed to this target because of OS or version, ascending (FLT-3). */
  owed: { config: number; id: number }[];
  /** Configs with retries or discards recorded for this target. */
  marked: number[];
  /** The lowest op that was sent to this target and not answered, by config. */
  unanswered: { config: number; id: number }[];
};

export type PageRequest = Target & {
  /** The stream's owner: the subject, or "" for a global stream. */
  owner: string;
  /** Ops above this id… */
  after: number;
  /** …at most so many; or exactly `ids`, when given. */
  limit: number;
  ids?: readonly number[];
  /** Leave out what any device has acknowledged (single-device streams, DEV-2). */
  unarrived: boolean;
  /** Newest ops kept, or null (THR-1): older ones are read only if they were sent to this target. */
  threshold: number | null;
};

/** `ops` above `after` in id order; all up to `upTo` is covered. `head` is the stream's head when it was read. */
export type Page = { ops: TargetOp[]; upTo: number; head: number };

export type OpKey = Target & { id: number };

/** One flush of coalesced progress. */
export type Progress = {
  points: (Target & { point: number })[];
  /** `latency` from acceptance, ms. Only the first arrival of an op is kept and counted. */
  arrivals: { instance: number; owner: string; config: number; id: number; device: string; latency: number }[];
  /** Sent and not acknowledged, with the retries charged. */
  sent: (OpKey & { attempts: number })[];
  /** Left the window: acknowledged, discarded or expired. */
  done: OpKey[];
  /** Owed no more. */
  settled: OpKey[];
  discarded: (OpKey & { mid: string; attempts: number })[];
  at: number;
};

export interface DeliveryStore {
  /** One query for many connects, in the order of the input. */
  hydrate(requests: readonly Omit<Target, "config">[]): Promise<Hydrated[]>;
  /** Pages of the log, in the order of the input; discarded and payload-free ops are left out. */
  pages(requests: readonly PageRequest[]): Promise<Page[]>;
  /**
   * Ids up to `upTo` that a reported point acknowledges: above `after`, or sent and not answered; and neither owed,
   * discarded, dropped nor expired (an interval may have covered those without bringing them).
   */
  reported(request: Target & { owner: string; after: number; upTo: number; now: number; retentionMs: number }): Promise<
    (Pick<LoggedOp, "id" | "at" | "os" | "minVersion" | "maxVersion">)[]
  >;
  /** Durable before it resolves: these ops are owed to these targets (FLT-3). */
  owe(keys: readonly OpKey[]): Promise<void>;
  /** THR-1: marks ops as sent unless they were dropped meanwhile; resolves to those that may be sent. */
  claim(keys: readonly (OpKey & { owner: string })[], at: number): Promise<OpKey[]>;
  /** Durable before it resolves. What failed may be saved again: nothing is counted twice. */
  save(progress: Progress): Promise<void>;
  /** Streams with ops accepted since `since`, and their heads; null when there are too many to list. */
  recentHeads(since: number): Promise<{ config: number; owner: string; head: number }[] | null>;
  /** Heads of all streams of these owners. */
  headsOf(owners: readonly { instance: number; owner: string }[]): Promise<
    { config: number; owner: string; head: number }[]
  >;
}
