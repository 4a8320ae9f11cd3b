import { ackTimeout } from "./backoff.ts";
import { ackIds, ackTo } from "./lane_ack.ts";
import { appended, paged } from "./lane_log.ts";
import { goneBatch, retry } from "./lane_retry.ts";
import { type Lane, type LaneContext, type LaneEvent, type LaneStep, pump } from "./lane_state.ts";

/** One step of a lane: which of the rules applies to which event. */
export function stepLane(lane: Lane, event: LaneEvent, context: LaneContext): LaneStep {
  switch (event.type) {
    case "appended":
      return appended(lane, event.op, event.prev, context);
    case "head":
      return pump({ ...lane, head: Math.max(lane.head, event.id) }, [], context);
    case "page":
      return paged(lane, event.ticket, event.page, context);
    case "readFailed":
      // the reader has waited a moment: it is tried again for as long as the session lives
      return isReading(lane, event.ticket)
        ? pump({ ...lane, phase: { kind: "ready" } }, [], context)
        : { lane, effects: [] };
    case "ackTo":
      return ackTo(lane, event.id, context);
    case "ackIds":
      return ackIds(lane, event.ids, context);
    case "due":
      return retry(lane, (item) => !item.probed && item.due <= context.now, event.heardAt, context);
    case "heard":
      return retry(lane, (item) => item.probed, context.now, context);
    case "buried":
      return { lane, effects: [{ type: "send", batch: goneBatch(lane, event.ids), first: [] }] };
    case "stop":
      return { lane: { ...lane, phase: { kind: "stopped" } }, effects: [] };
    case "resume":
      return lane.phase.kind === "stopped" ? resume(lane, context) : { lane, effects: [] };
    case "foreground": {
      const until = Math.max(lane.until, event.upTo ?? lane.head);
      return lane.awake && until === lane.until
        ? { lane, effects: [] }
        : pump({ ...lane, awake: true, until }, [], context);
    }
  }
}

/** Timers rested meanwhile: every op waits its time anew (DLV-5). */
function resume(lane: Lane, context: LaneContext): LaneStep {
  const window = lane.window.map((item) => ({
    ...item,
    due: context.now + ackTimeout(context.policy, item.attempts),
    probed: false,
  }));
  return pump({ ...lane, window, phase: { kind: "ready" } }, [], context);
}

const isReading = (lane: Lane, ticket: number) => lane.phase.kind === "reading" && lane.phase.ticket === ticket;
