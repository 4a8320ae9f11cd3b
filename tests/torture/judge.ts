/** What became of each push, and what went against the rules. Pure: the same evidence gives the same verdict. */
import type { Arrival, Evidence, PhoneLog, PushRecord } from "./evidence.ts";
import { streamKey } from "./evidence.ts";
import { type ReadLog, readLog } from "./judge_log.ts";
import { judgeStream, TRANSIT_MS, type Wrong } from "./judge_stream.ts";
import { matches } from "./plan.ts";

/**
 * What became of a push that was accepted, or is in the log all the same. A push for several phones is lost when one of
 * them lacks it, else it has the best fate that it had with any.
 *
 * - `passing`: of a config that is not persistent; nothing was promised
 * - `unstored`: its answer was lost, or promised nothing, and it was not stored; it counts as 0
 * - `refused`: answered false for good
 */
export type Fate =
  | "delivered"
  | "discarded"
  | "over threshold"
  | "expired"
  | "filtered"
  | "lost"
  | "passing"
  | "unstored"
  | "refused";

export type Lost = {
  readonly push: number;
  readonly biz: string;
  readonly owner: string;
  /** Null where it is not in the log, and never will come. */
  readonly id: number | null;
  readonly why: string;
};

export type Verdict = {
  readonly counts: Readonly<Record<Fate, number>>;
  readonly lost: readonly Lost[];
  readonly wrong: readonly Wrong[];
};

const BEST_FIRST: readonly Fate[] = ["delivered", "discarded", "over threshold", "expired", "filtered"];

export function judge(evidence: Evidence): Verdict {
  const read = readLog(evidence);
  const wrong: Wrong[] = [...read.wrong];
  const index = new TargetIndex(evidence, read);
  for (const phone of evidence.phones) {
    wrong.push(...phone.problems.map((what) => ({ rule: "protocol", what: `${phone.name}: ${what}` })));
    for (const stream of phone.streams.values()) wrong.push(...judgeStream({ phone, stream, evidence, read }));
  }
  const counts: Record<Fate, number> = {
    "delivered": 0,
    "discarded": 0,
    "over threshold": 0,
    "expired": 0,
    "filtered": 0,
    "lost": 0,
    "passing": 0,
    "unstored": 0,
    "refused": 0,
  };
  const lost: Lost[] = [];
  for (const push of evidence.pushes) {
    if (push.attempts === 0) continue;
    wrong.push(...judgeAnswers(push));
    const fate = index.fateOf(push);
    counts[typeof fate === "string" ? fate : "lost"]++;
    if (typeof fate === "string") continue;
    const { index: n, kind, owner } = push;
    lost.push({ push: n, biz: kind.bizType, owner, id: read.idOf(n), ...fate });
  }
  return { counts, lost, wrong };
}

export const isAccepted = (push: PushRecord): boolean => push.stored + push.duplicates > 0;

function judgeAnswers(push: PushRecord): Wrong[] {
  const wrong: Wrong[] = [];
  const name = `m-${push.index}`;
  if (push.kind.persistent && push.stored > 1) {
    wrong.push({ rule: "PUSH-4", what: `${name} was answered as new ${push.stored} times` });
  }
  if (push.duplicates > 0 && push.attempts === 1) {
    wrong.push({ rule: "PUSH-4", what: `${name} was called a duplicate the first time it was posted` });
  }
  if (push.refused !== null && !/^ARGS_ILLEGAL/.test(push.refused)) {
    wrong.push({ rule: "PUSH-1", what: `${name} was refused: ${push.refused}` });
  }
  return wrong;
}

/** Answers for each push and target what came of it. */
class TargetIndex {
  readonly #evidence: Evidence;
  readonly #read: ReadLog;
  readonly #byUser: Map<string | null, PhoneLog[]>;
  readonly #byName: Map<string, PhoneLog>;
  /** Per phone and stream: pushes that arrived, and whether the app said "received". */
  readonly #arrived = new Map<PhoneLog, Map<string, Map<number, Arrival>>>();
  /** Single-device ops: how often each arrived, in the order of each phone. */
  readonly #anywhere = new Map<number, { phone: PhoneLog; arrival: Arrival }[]>();
  /** When ops were given up after their retries, by config, target and id. */
  readonly #discarded: Map<string, number>;

  constructor(evidence: Evidence, read: ReadLog) {
    this.#evidence = evidence;
    this.#read = read;
    this.#byUser = Map.groupBy(evidence.phones, (phone) => phone.user);
    this.#byName = new Map(evidence.phones.map((phone) => [phone.name, phone]));
    const given = evidence.deadLetters.filter((letter) => letter.reason === "retries");
    this.#discarded = new Map(
      given.map(({ biz, subject, device, id, at }) => [`${biz} ${subject} ${device} ${id}`, at]),
    );
    for (const phone of evidence.phones) {
      const streams = new Map<string, Map<number, Arrival>>();
      for (const [key, { arrivals }] of phone.streams) streams.set(key, this.#index(phone, arrivals));
      this.#arrived.set(phone, streams);
    }
  }

  #index(phone: PhoneLog, arrivals: readonly Arrival[]): Map<number, Arrival> {
    const best = new Map<number, Arrival>();
    for (const arrival of arrivals) {
      best.set(arrival.push, better(best.get(arrival.push), arrival));
      if (this.#evidence.pushes[arrival.push]?.kind.multiDevice !== false) continue;
      const all = this.#anywhere.get(arrival.push);
      if (all) all.push({ phone, arrival });
      else this.#anywhere.set(arrival.push, [{ phone, arrival }]);
    }
    return best;
  }

  fateOf(push: PushRecord): Fate | { why: string } {
    if (!push.kind.persistent) return "passing";
    const id = this.#read.idOf(push.index);
    if (id === null) {
      if (isAccepted(push)) return { why: "answered true, but it is not in the log" };
      return push.refused !== null ? "refused" : "unstored";
    }
    const fates = push.kind.multiDevice || push.kind.target === "device"
      ? this.#targets(push).map((phone) => this.#fateAt(push, id, phone))
      : [this.#fateAnywhere(push, id)];
    const lost = fates.find((fate) => typeof fate !== "string");
    return lost ?? BEST_FIRST.find((fate) => fates.includes(fate)) ?? "filtered";
  }

  #targets({ kind, owner }: PushRecord): readonly PhoneLog[] {
    if (kind.scope === "single") {
      if (kind.target === "user") return this.#byUser.get(owner) ?? [];
      const phone = this.#byName.get(owner);
      return phone ? [phone] : [];
    }
    return kind.target === "device" ? this.#evidence.phones : this.#evidence.phones.filter((phone) => phone.user);
  }

  #fateAt(push: PushRecord, id: number, phone: PhoneLog): Fate | { why: string } {
    const { bizType, target } = push.kind;
    const subject = target === "user" ? phone.user! : phone.name;
    const arrival = this.#arrived.get(phone)!.get(streamKey(bizType, subject))?.get(push.index);
    const given = this.#discarded.get(`${bizType} ${subject} ${target === "user" ? phone.name : ""} ${id}`);
    if (given !== undefined) return judgeDiscard({ id, given, arrival, who: `${phone.name} (${phone.on})` });
    if (arrival && arrival.reported >= 0) return "delivered";
    // also where it had come, and another version of the app started before it was reported
    if (!matches(push.filter, phone.abouts.at(-1)!)) return "filtered";
    const who = `${phone.name} (${phone.on})`;
    const what = arrival ? `came at ${arrival.at} ms to ${who}, which never could report it` : `did not come to ${who}`;
    return this.#excused(push, id) ?? { why: `id ${id} ${what}` };
  }

  #fateAnywhere(push: PushRecord, id: number): Fate | { why: string } {
    const all = this.#anywhere.get(push.index) ?? [];
    const arrival = all.map((one) => one.arrival).reduce<Arrival | undefined>(better, undefined);
    const given = this.#discarded.get(`${push.kind.bizType} ${push.owner}  ${id}`);
    if (given !== undefined) {
      const acked = this.#read.ackedAt(push.kind.bizType, push.owner)?.get(id);
      if (acked !== undefined) return { why: `id ${id} was given up at ${given} ms, and acknowledged at ${acked} ms` };
      // Each phone's last time counts: a report that was cut off lets the op move on to a phone that keeps it to itself.
      const last = [...new Map(all.map((one) => [one.phone, one.arrival])).values()];
      const kept = last.find((one) => one.at <= given && one.reported < 0) ?? last.find((one) => one.reported > given);
      return judgeDiscard({ id, given, arrival: kept ?? arrival, who: `a phone of ${push.owner}` });
    }
    if (arrival && arrival.reported >= 0) return "delivered";
    const phones = this.#byUser.get(push.owner) ?? [];
    if (!phones.some((phone) => matches(push.filter, phone.abouts.at(-1)!))) return "filtered";
    const what = arrival ? `came at ${arrival.at} ms, and was never reported` : "did not come to any phone";
    return this.#excused(push, id) ?? { why: `id ${id} ${what} of ${push.owner}` };
  }

  #excused(push: PushRecord, id: number): Fate | undefined {
    if (push.validUntil !== null && push.validUntil <= this.#evidence.end) return "expired";
    const { threshold } = push.kind;
    if (threshold !== null && this.#read.newer(push, id) >= threshold) return "over threshold";
    return undefined;
  }
}

/** The first that was reported, else the last. */
function better(known: Arrival | undefined, arrival: Arrival): Arrival {
  return known && known.reported >= 0 ? known : arrival;
}

type Discard = { id: number; given: number; arrival: Arrival | undefined; who: string };

/** DLV-6: only what an app kept to itself is given up. A report may be long on its way. */
function judgeDiscard({ id, given, arrival, who }: Discard): Fate | { why: string } {
  if (!arrival) return { why: `id ${id} was given up at ${given} ms, and ${who} had never seen it` };
  if (arrival.reported < 0 || arrival.reported + TRANSIT_MS > given) return "discarded";
  return { why: `id ${id} was given up at ${given} ms, and ${who} had reported it at ${arrival.reported} ms` };
}
