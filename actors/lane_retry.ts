/** What a lane does when an acknowledgement is late. */
import { ackTimeout } from "./backoff.ts";
import { expiryOf } from "./eligibility.ts";
import {
  type InFlight,
  type Lane,
  type LaneContext,
  type LaneEffect,
  type LaneStep,
  type OutBatch,
  pump,
  withWindow,
} from "./lane_state.ts";

/**
 * Sends again what is due (DLV-4), discards what was retried enough, lets go what expired (DLV-6). A retry is charged
 * only to a live client: with nothing heard since the send, a sign of life is asked for first (DLV-5); without one the
 * connection ends, and nothing was charged. The client is told of a discard when its dead letter is durable (`buried`):
 * what it was told to wait for no more, it never reports.
 */
export function retry(lane: Lane, isDue: (item: InFlight) => boolean, heardAt: number, context: LaneContext): LaneStep {
  if (lane.phase.kind === "stopped") return { lane, effects: [] };
  const { now, policy, config } = context;
  const again: InFlight[] = [], expired: InFlight[] = [], discarded: InFlight[] = [];
  let probe = false;
  const window = lane.window.flatMap((item): InFlight[] => {
    if (expiryOf(item.op, config) <= now) return expired.push(item), [];
    if (!isDue(item)) return [item];
    if (!item.probed && heardAt <= item.sentAt) {
      probe = true;
      return [{ ...item, probed: true }];
    }
    if (item.attempts >= policy.maxRetries) return discarded.push(item), [];
    const attempts = item.attempts + 1;
    const next = { ...item, attempts, sentAt: now, due: now + ackTimeout(policy, attempts), probed: false };
    again.push(next);
    return [next];
  });
  const effects: LaneEffect[] = retryBatches(lane, again, expired.map((item) => item.op.id))
    .map((batch) => ({ type: "send", batch, first: [] }));
  if (again.length > 0) effects.push({ type: "retried", items: again });
  if (expired.length > 0) effects.push({ type: "expired", items: expired });
  if (discarded.length > 0) effects.push({ type: "discarded", items: discarded });
  if (probe) effects.push({ type: "probe" });
  return pump(withWindow(lane, window), effects, context);
}

/** How long a client may take to answer the server's ping before its session is dropped, ms (DLV-5). */
export const PROBE_MS = 10_000;

/** Tells the client what it need not wait for. */
export function goneBatch({ stream: { scope, biz }, sentTo }: Lane, gone: readonly number[]): OutBatch {
  return { scope, biz, interval: { from: sentTo, to: sentTo }, ops: [], gone };
}

function retryBatches(lane: Lane, again: readonly InFlight[], gone: readonly number[]): OutBatch[] {
  const { scope, biz } = lane.stream;
  const late = again.filter((item) => item.late).map((item) => item.op);
  const ops = again.filter((item) => !item.late).map((item) => item.op);
  const interval = { from: lane.sentTo, to: lane.sentTo };
  const batches: OutBatch[] = [];
  if (late.length > 0) batches.push({ scope, biz, late: true, ops: late });
  if (ops.length > 0 || gone.length > 0) {
    batches.push({ scope, biz, interval, ops, ...(gone.length > 0 ? { gone } : {}) });
  }
  return batches;
}
