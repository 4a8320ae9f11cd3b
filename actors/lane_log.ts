/** What a lane does with what comes from the log: live ops and pages. */
import type { LoggedOp, Page } from "../db/delivery.ts";
import { ackTimeout } from "./backoff.ts";
import { admits, expiryOf } from "./eligibility.ts";
import {
  fits,
  type InFlight,
  type Lane,
  type LaneContext,
  type LaneLimits,
  type LaneStep,
  type OutBatch,
  pump,
  push,
  room,
} from "./lane_state.ts";

export function appended(lane: Lane, op: LoggedOp, prev: number, context: LaneContext): LaneStep {
  const head = Math.max(lane.head, op.id);
  const follows = lane.phase.kind === "ready" && !lane.stream.shared && lane.owed.length === 0 &&
    prev === lane.readTo && op.id <= lane.until && room(lane, context.limits) > 0 &&
    fits(lane.windowBytes, op.bytes, context.limits);
  // an op that this device skips, or one of a bounded stream, goes by way of the log: that is where it is recorded
  const direct = context.config.threshold === null && admits(op, context.client) &&
    expiryOf(op, context.config) > context.now;
  if (!follows || !direct) return op.id <= lane.readTo ? { lane, effects: [] } : pump({ ...lane, head }, [], context);
  return offer({ ...lane, head, readTo: op.id }, [{ ...op, attempts: 0, recorded: false }], op.id, context);
}

export function paged(lane: Lane, ticket: number, page: Page, context: LaneContext): LaneStep {
  if (lane.phase.kind !== "reading" || lane.phase.ticket !== ticket) return { lane, effects: [] };
  const ready: Lane = { ...lane, phase: { kind: "ready" }, head: Math.max(lane.head, page.head) };
  if (lane.phase.late.length > 0) return pagedLate(ready, lane.phase.late.length, page, context);
  const alive = page.ops.filter((op) => op.id <= lane.until && expiryOf(op, context.config) > context.now);
  const taken = takeFitting(alive, lane.windowBytes, context.limits);
  const next = alive[taken.length];
  const upTo = Math.min(next ? next.id - 1 : page.upTo, lane.until);
  const moved: Lane = { ...ready, readTo: Math.max(lane.readTo, upTo) };
  const worthTelling = taken.length > 0 || moved.readTo - lane.sentTo >= (lane.fresh ? 1 : 50);
  const step = worthTelling ? offer(moved, taken, moved.readTo, context) : { lane: moved, effects: [] };
  // the first op did not fit: the next acknowledgement makes room
  return next && taken.length === 0 ? step : pump(step.lane, step.effects, context);
}

function pagedLate(lane: Lane, asked: number, page: Page, context: LaneContext): LaneStep {
  const alive = page.ops.filter((op) => expiryOf(op, context.config) > context.now);
  const taken = takeFitting(alive, lane.windowBytes, context.limits);
  const next = alive[taken.length];
  const rest: Lane = { ...lane, owed: lane.owed.slice(next ? lane.owed.indexOf(next.id) : asked) };
  const step = taken.length > 0 ? offerLate(rest, taken, context) : { lane: rest, effects: [] };
  // the first op did not fit: the next acknowledgement makes room
  return next && taken.length === 0 ? step : pump(step.lane, step.effects, context);
}

/** The ops from the start that the window may take. */
function takeFitting<T extends LoggedOp>(ops: readonly T[], windowBytes: number, limits: LaneLimits): T[] {
  let used = windowBytes;
  const end = ops.findIndex((op) => {
    const stops = !fits(used, op.bytes, limits);
    used += op.bytes;
    return stops;
  });
  return ops.slice(0, end < 0 ? ops.length : end);
}

type Fresh = LoggedOp & { attempts: number; recorded: boolean };

/** Sends ops for the first time on this session, as the interval that ends at `to`. */
export function offer(lane: Lane, ops: readonly Fresh[], to: number, context: LaneContext): LaneStep {
  const first = ops.map((op) => inFlight(op, { late: false, owed: lane.owedAhead.has(op.id) }, context));
  const interval = { from: lane.sentTo, to: Math.max(to, lane.sentTo) };
  const batch: OutBatch = { scope: lane.stream.scope, biz: lane.stream.biz, interval, ops };
  return {
    lane: { ...push(lane, first), sentTo: interval.to, readTo: Math.max(lane.readTo, interval.to), fresh: false },
    effects: [{ type: "send", batch, first }],
  };
}

/** Sends ops that lie at or below `from` on this session (DLV-1). */
export function offerLate(lane: Lane, ops: readonly Fresh[], context: LaneContext): LaneStep {
  const first = ops.map((op) => inFlight(op, { late: true, owed: true }, context));
  const batch: OutBatch = { scope: lane.stream.scope, biz: lane.stream.biz, late: true, ops };
  return { lane: push(lane, first), effects: [{ type: "send", batch, first }] };
}

function inFlight(op: Fresh, how: Pick<InFlight, "late" | "owed">, context: LaneContext): InFlight {
  const due = context.now + ackTimeout(context.policy, op.attempts);
  return { op, attempts: op.attempts, sentAt: context.now, due, ...how, probed: false, recorded: op.recorded };
}
