/**
 * A lane: one stream on its way to one session. Pure: `stepLane(lane, event, context)` (lane.ts)
 * returns the next lane and what is to be done. Ids in (sentTo, readTo] are read and hold nothing for this session; the next batch covers them.
 */
import type { Config } from "../db/catalog.ts";
import type { LoggedOp, Page, Target } from "../db/delivery.ts";
import type { Scope } from "../src/protocol.ts";
import type { RetryPolicy } from "./backoff.ts";
import { type Client, expiryOf } from "./eligibility.ts";

/** One op sent and not acknowledged. `probed`: its retry waits for a sign of life, not for `due` (DLV-5). Times in ms. */
export type InFlight = {
  op: LoggedOp;
  attempts: number;
  sentAt: number;
  due: number;
  late: boolean;
  probed: boolean;
  /** A delivery row may lie in the database. */
  recorded: boolean;
  /** A row may lie there that says it is owed: it goes when the op leaves the window (FLT-3). */
  owed: boolean;
};

/** What a lane carries: fixed for its life. `shared`: a single-device stream, whose ops are assigned from outside. */
export type LaneStream = { config: number; biz: string; scope: Scope; owner: string; target: Target; shared: boolean };

/** `stopped`: sending is forbidden and timers rest; `reading`: a page of the log is on its way. */
export type LanePhase = { kind: "stopped" } | { kind: "ready" } | {
  kind: "reading";
  ticket: number;
  late: readonly number[];
};

export type Lane = {
  readonly stream: LaneStream;
  readonly phase: LanePhase;
  /** All up to here is acknowledged. */
  readonly point: number;
  /** The interval told to the client ends here: `from` of the next batch. */
  readonly sentTo: number;
  readonly readTo: number;
  /** The stream's head as far as it is known: a hint. */
  readonly head: number;
  /** Global streams go no further than the head at the last foreground event (GLB-2); others: Infinity. */
  readonly until: number;
  /** Global streams wait for the first foreground of the session, with owed ops too (GLB-2). */
  readonly awake: boolean;
  /** Ids still to be sent late, ascending (FLT-3). */
  readonly owed: readonly number[];
  /** Owed ids above the start: the replay decides on them anew. */
  readonly owedAhead: ReadonlySet<number>;
  readonly window: readonly InFlight[];
  readonly windowBytes: number;
  /** Nothing was sent since the lane was opened. */
  readonly fresh: boolean;
};

export type LaneLimits = { ops: number; bytes: number };

export type LaneContext = {
  now: number;
  config: Config;
  client: Client;
  policy: RetryPolicy;
  limits: LaneLimits;
  /** Fresh tickets for reads. */
  ticket: () => number;
};

/** A batch for the wire; without `from` and `to` it is late or not persistent. */
export type OutBatch = {
  scope: Scope;
  biz: string;
  interval?: { from: number; to: number };
  late?: true;
  ops: readonly Pick<LoggedOp, "id" | "json" | "bytes">[];
  gone?: readonly number[];
};

export type LaneEvent =
  | { type: "appended"; op: LoggedOp; prev: number }
  | { type: "head"; id: number }
  | { type: "page"; ticket: number; page: Page }
  | { type: "readFailed"; ticket: number }
  | { type: "ackTo"; id: number }
  | { type: "ackIds"; ids: readonly number[] }
  | { type: "due"; heardAt: number }
  | { type: "heard" }
  /** The dead letters of these ids are durable. */
  | { type: "buried"; ids: readonly number[] }
  | { type: "stop" }
  | { type: "resume" }
  /** `upTo`: the head as it was then; absent: as it is known now. */
  | { type: "foreground"; upTo?: number };

export type LaneEffect =
  | { type: "send"; batch: OutBatch; first: readonly InFlight[] }
  | { type: "read"; ticket: number; after: number; limit: number; ids?: readonly number[] }
  | { type: "acked"; items: readonly InFlight[] }
  | { type: "point"; id: number }
  | { type: "retried"; items: readonly InFlight[] }
  | { type: "expired"; items: readonly InFlight[] }
  | { type: "discarded"; items: readonly InFlight[] }
  | { type: "probe" }
  | { type: "ignoredAck"; count: number };

export type LaneStep = { lane: Lane; effects: LaneEffect[] };

const NONE: ReadonlySet<number> = new Set();

/** A lane that starts after `start`; `stopped` until it is resumed. `owed`: what is owed to the target, ascending. */
export function newLane(stream: LaneStream, start: number, head: number, owed: readonly number[] = []): Lane {
  const global = stream.scope === "global" || stream.scope === "globalUser";
  const ahead = owed.filter((id) => id > start);
  return {
    stream,
    phase: { kind: "stopped" },
    point: start,
    sentTo: start,
    readTo: start,
    head: Math.max(head, start),
    until: global ? start : Infinity,
    awake: !global,
    owed: owed.filter((id) => id <= start),
    owedAhead: ahead.length > 0 ? new Set(ahead) : NONE,
    window: [],
    windowBytes: 0,
    fresh: true,
  };
}

/** When this lane wants a `due` event next, ms; Infinity for never. */
export function nextDue(lane: Lane, config: Config): number {
  if (lane.phase.kind === "stopped") return Infinity;
  const next = (item: InFlight) => Math.min(item.probed ? Infinity : item.due, expiryOf(item.op, config));
  return lane.window.reduce((min, item) => Math.min(min, next(item)), Infinity);
}

/** Whether an op waits longer than it ever would: the machine's clock was set back. */
export function waitsTooLong(lane: Lane, now: number, policy: RetryPolicy): boolean {
  return lane.phase.kind !== "stopped" && lane.window.some((item) => item.due - now > policy.timeoutMaxMs);
}

/** How many more ops the window may take (DLV-3). */
export function room(lane: Lane, limits: LaneLimits): number {
  return lane.windowBytes >= limits.bytes ? 0 : Math.max(0, limits.ops - lane.window.length);
}

/** Whether a window that holds `used` bytes may take `bytes` more; one op alone always fits. */
export function fits(used: number, bytes: number, limits: LaneLimits): boolean {
  return used === 0 || used + bytes <= limits.bytes;
}

/** Whether half the window is free, so that a page is worth its query. */
export function halfFree(lane: Lane, limits: LaneLimits): boolean {
  return room(lane, limits) * 2 >= limits.ops && lane.windowBytes * 2 <= limits.bytes;
}

/** Asks the log for more when there is more, there is room, and nothing is on its way. Owed ops come first (FLT-3). */
export function pump(lane: Lane, effects: LaneEffect[], context: LaneContext): LaneStep {
  const free = room(lane, context.limits);
  if (lane.phase.kind !== "ready" || lane.stream.shared || free === 0) return { lane, effects };
  const late = lane.awake ? lane.owed.slice(0, free) : [];
  const more = late.length > 0 || Math.min(lane.head, lane.until) > lane.readTo;
  if (!more || !halfFree(lane, context.limits)) return { lane, effects };
  const ticket = context.ticket();
  const ids = late.length > 0 ? { ids: late } : {};
  effects.push({ type: "read", ticket, after: lane.readTo, limit: free, ...ids });
  return { lane: { ...lane, phase: { kind: "reading", ticket, late } }, effects };
}

export function push(lane: Lane, items: readonly InFlight[]): Lane {
  return withWindow(lane, [...lane.window, ...items]);
}

export function withWindow(lane: Lane, window: readonly InFlight[]): Lane {
  return { ...lane, window, windowBytes: window.reduce((sum, item) => sum + item.op.bytes, 0) };
}
