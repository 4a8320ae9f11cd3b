/** What a lane does with acknowledgements. */
import {
  type InFlight,
  type Lane,
  type LaneContext,
  type LaneEffect,
  type LaneStep,
  pump,
  withWindow,
} from "./lane_state.ts";

/** "Everything sent up to id is received": late ops are not meant (DLV-1). Only what was sent here counts (PT-1). */
export function ackTo(lane: Lane, id: number, context: LaneContext): LaneStep {
  if (id > lane.sentTo) return { lane, effects: [{ type: "ignoredAck", count: 1 }] };
  const acked = lane.window.filter((item) => !item.late && item.op.id <= id);
  if (id <= lane.point && acked.length === 0) return { lane, effects: [] };
  return settle(lane, acked, Math.max(lane.point, id), context);
}

export function ackIds(lane: Lane, ids: readonly number[], context: LaneContext): LaneStep {
  const wanted = new Set(ids);
  const acked = lane.window.filter((item) => wanted.has(item.op.id));
  const known = ids.filter((id) => id <= lane.point || acked.some((item) => item.op.id === id)).length;
  const strange: LaneEffect[] = known < ids.length ? [{ type: "ignoredAck", count: ids.length - known }] : [];
  if (acked.length === 0) return { lane, effects: strange };
  const waiting = lane.window.filter((item) => !item.late && !wanted.has(item.op.id)).map((item) => item.op.id);
  const complete = waiting.length > 0 ? Math.min(...waiting) - 1 : lane.sentTo;
  const moves = acked.some((item) => !item.late);
  const step = settle(lane, acked, moves ? Math.max(lane.point, complete) : lane.point, context);
  return { lane: step.lane, effects: [...strange, ...step.effects] };
}

function settle(lane: Lane, acked: readonly InFlight[], point: number, context: LaneContext): LaneStep {
  const effects: LaneEffect[] = [];
  if (acked.length > 0) effects.push({ type: "acked", items: acked });
  if (point > lane.point) effects.push({ type: "point", id: point });
  const rest = lane.window.filter((item) => !acked.includes(item));
  return pump({ ...withWindow(lane, rest), point }, effects, context);
}
