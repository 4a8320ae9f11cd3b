/** What is wrong with what came of one stream to one phone. */
import type { Arrival, Evidence, PhoneLog, PushRecord, StreamLog } from "./evidence.ts";
import type { ReadLog } from "./judge_log.ts";
import { matches } from "./plan.ts";

/** Something that went against a rule. */
export type Wrong = { readonly rule: string; readonly what: string };

export type StreamCase = {
  readonly phone: PhoneLog;
  readonly stream: StreamLog;
  readonly evidence: Pick<Evidence, "pushes">;
  readonly read: Pick<ReadLog, "idOf" | "ackedAt">;
};

/** What was sent in time may be on its way so long: stalls, pauses, a loaded machine. */
export const TRANSIT_MS = 30_000;

export function judgeStream({ phone, stream, evidence, read }: StreamCase): Wrong[] {
  const wrong: Wrong[] = [];
  const where = `${phone.name} (${phone.on}), ${stream.biz} of ${stream.subject}`;
  const say = (rule: string, what: string) => wrong.push({ rule, what: `${where}: ${what}` });
  const acks = read.ackedAt(stream.biz, stream.subject);
  const known = new Map<number, Arrival[]>();
  let highest = 0, life = 0;
  for (const arrival of stream.arrivals) {
    const { id, at, late } = arrival;
    const push = evidence.pushes[arrival.push];
    if (!push || push.attempts === 0) {
      say("PUSH-3", `m-${arrival.push} came, which nobody pushed`);
      continue;
    }
    for (const [rule, what] of judgeAddress(phone, stream, push)) say(rule, `${what}, id ${id}`);
    if (push.validUntil !== null && at > push.validUntil + TRANSIT_MS) {
      say("DLV-7", `m-${push.index}, id ${id}, came ${at - push.validUntil} ms after it had expired`);
    }
    if (!push.kind.persistent) continue;
    const stored = read.idOf(push.index);
    if (stored === null) say("PUSH-3", `m-${push.index}, id ${id}, came and is not in the log`);
    else if (stored !== id) say("STR-1", `m-${push.index} came with the id ${id}, in the log it has ${stored}`);
    const before = known.get(id);
    if (arrival.life !== life) {
      life = arrival.life;
      highest = phone.on === "sdk" ? reportedSoFar(known) : 0;
    }
    if (before) {
      const told = before.find((one) => one.reported >= 0 && one.reported < at);
      if (told) say("DLV-8", `id ${id} came again at ${at} ms, it was reported at ${told.reported} ms`);
      before.push(arrival);
    } else {
      known.set(id, [arrival]);
      if (!late && id < highest) say("DLV-1", `id ${id} came at ${at} ms, after ${highest}`);
      const acked = acks?.get(id);
      if (acked !== undefined && at > acked + TRANSIT_MS) {
        say("DEV-2", `id ${id} came at ${at} ms, another phone had acknowledged it at ${acked} ms`);
      }
    }
    if (!late) highest = Math.max(highest, id);
  }
  return wrong;
}

/** The highest id that the app reported before it started again: the SDK remembers that much (SDK-5). */
function reportedSoFar(known: ReadonlyMap<number, readonly Arrival[]>): number {
  let highest = 0;
  for (const [id, arrivals] of known) {
    if (arrivals.some(({ late, reported }) => !late && reported >= 0)) highest = Math.max(highest, id);
  }
  return highest;
}

function* judgeAddress(phone: PhoneLog, stream: StreamLog, push: PushRecord): Generator<[rule: string, what: string]> {
  const { kind, owner } = push;
  if (kind.bizType !== stream.biz) yield ["STR-1", `m-${push.index} came, which is of ${kind.bizType}`];
  if (owner !== "" && owner !== stream.subject) yield ["DEV-1", `m-${push.index} came, which is for ${owner}`];
  if (kind.target === "device" && stream.subject !== phone.name) {
    yield ["DEV-1", `m-${push.index} came to a strange phone`];
  }
  if (!phone.abouts.some((about) => matches(push.filter, about))) {
    yield ["FLT-2", `m-${push.index} came, which is for ${JSON.stringify(push.filter)} only`];
  }
}
