/** The words of the model: what it remembers of configs, ops, targets and sessions. */

export type ModelConfig = {
  scope: "single" | "global";
  target: "user" | "device";
  multiDevice: boolean;
  persistent: boolean;
  retentionDays: number;
  threshold: number | null;
  consistency: boolean;
  online: boolean;
};

export type Filter = { os?: string; min?: number; max?: number };
export type ModelOp = Filter & { id: number; mid: string; at: number; expires: number; dropped: boolean };
export type ModelClient = { os: string; version: number };

/** What a client acknowledges. */
export type ModelAck = { upTo?: number; ids?: readonly number[]; cursor?: number };

/** One stream on one session. */
export type ModelLane = {
  biz: string;
  owner: string;
  /** Whom a copy is for: the device, the user on the device, or the whole user. */
  target: Target;
  start: number;
  readTo: number;
  /** Global streams: up to the head at the last foreground. */
  until: number;
  awake: boolean;
  lateDone: boolean;
  /** Everything that was to be sent here. */
  sent: Set<number>;
  /** Of that, what is not acknowledged; `late` of what came late. */
  open: Set<number>;
  late: Set<number>;
  /** What the client was to be told not to wait for. */
  gone: Set<number>;
};

export type Target = {
  owed: Set<number>;
  discarded: Set<number>;
  /** Sent and not answered, whether or not a session lives. */
  waiting: Set<number>;
  point: number;
};

export type ModelSession = {
  device: string;
  client: ModelClient;
  foreground: boolean;
  user: string | null;
  boundAt: number;
  /** null: not asked. */
  valid: boolean | null;
  lanes: Map<string, ModelLane>;
  /** mids of not persistent pushes. */
  volatile: string[];
};

export const DAY = 86_400_000;

export function newLane(biz: string, owner: string, target: Target, start: number, global: boolean): ModelLane {
  return {
    biz,
    owner,
    target,
    start,
    readTo: start,
    until: global ? start : Infinity,
    awake: !global,
    lateDone: false,
    sent: new Set(),
    open: new Set(),
    late: new Set(),
    gone: new Set(),
  };
}

/** Versions of the model are whole numbers: how real ones compare is tested elsewhere (FLT-2). */
export function admits(filter: Filter, client: ModelClient): boolean {
  if (filter.os !== undefined && filter.os !== client.os) return false;
  return (filter.min ?? 0) <= client.version && client.version <= (filter.max ?? Infinity);
}
