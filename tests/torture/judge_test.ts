import assert from "node:assert/strict";
import type { Arrival, Evidence, PhoneLog, PushRecord } from "./evidence.ts";
import { streamOf } from "./evidence.ts";
import { type Fate, judge } from "./judge.ts";
import { TRANSIT_MS } from "./judge_stream.ts";
import { type About, KIND, type Kind } from "./plan.ts";

const END = 100_000;
const ANDROID: About = { os: "android", version: "1.4" };

/** A run of which each test tells what happened; all that is not told went well. */
class Run {
  readonly evidence: { -readonly [K in keyof Evidence]: Evidence[K] extends readonly (infer T)[] ? T[] : Evidence[K] } =
    { pushes: [], phones: [], log: [], deadLetters: [], acks: [], end: END };

  phone(name: string, user: string | null = "u", about = ANDROID, on: PhoneLog["on"] = "bare"): PhoneLog {
    const log: PhoneLog = { name, on, abouts: [about], user, streams: new Map(), problems: [] };
    this.evidence.phones.push(log);
    return log;
  }

  /** A push that was answered and stored. */
  push(biz: string, fields: Partial<PushRecord> & { id?: number | null } = {}): PushRecord {
    const index = this.evidence.pushes.length;
    const { id = index + 1, ...rest } = fields;
    const push: PushRecord = {
      index,
      kind: KIND.get(biz) as Kind,
      owner: "u",
      filter: null,
      validUntil: null,
      began: 10 * index,
      answered: 10 * index + 5,
      attempts: 1,
      stored: 1,
      duplicates: 0,
      unknown: 0,
      refused: null,
      ...rest,
    };
    this.evidence.pushes.push(push);
    if (id !== null) this.evidence.log.push({ biz, owner: push.owner, id, push: index });
    return push;
  }

  comes(phone: PhoneLog, push: PushRecord, fields: Partial<Arrival> = {}, subject = push.owner): void {
    const at = 10 * push.index + 7;
    const arrival = { push: push.index, id: push.index + 1, at, late: false, life: 0, reported: at + 1, ...fields };
    streamOf(phone, push.kind.bizType, subject).arrivals.push(arrival);
  }

  verdict() {
    return judge(this.evidence);
  }

  /** What became of the pushes, and the rules that were broken. */
  outcome(): { fates: Partial<Record<Fate, number>>; rules: string[] } {
    const { counts, wrong } = this.verdict();
    return {
      fates: Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0)),
      rules: wrong.map(({ rule }) => rule),
    };
  }
}

Deno.test("judge: what came and was reported is delivered", () => {
  const run = new Run();
  const phones = [run.phone("a"), run.phone("b")];
  for (let n = 0; n < 3; n++) {
    const push = run.push("T-CHAT");
    for (const phone of phones) run.comes(phone, push);
  }
  assert.deepEqual(run.outcome(), { fates: { delivered: 3 }, rules: [] });
});

Deno.test("judge: an accepted push that is not in the log is lost, and named", () => {
  const run = new Run();
  run.phone("a");
  run.push("T-CHAT", { id: null });
  assert.deepEqual(run.verdict().lost, [
    { push: 0, biz: "T-CHAT", owner: "u", id: null, why: "answered true, but it is not in the log" },
  ]);
});

Deno.test("judge: a stored push that one of two phones lacks is lost", () => {
  const run = new Run();
  const phone = run.phone("a");
  run.phone("b");
  run.comes(phone, run.push("T-CHAT"));
  assert.deepEqual(run.outcome(), { fates: { lost: 1 }, rules: [] });
  assert.match(run.verdict().lost[0]!.why, /did not come to b/);
});

Deno.test("judge: what came and was not reported is lost, unless it was given up", () => {
  const run = new Run();
  const phone = run.phone("a");
  const push = run.push("T-CHAT");
  run.comes(phone, push, { reported: -1 });
  assert.deepEqual(run.outcome().fates, { lost: 1 });
  run.evidence.deadLetters.push({ biz: "T-CHAT", subject: "u", device: "a", id: 1, reason: "retries", at: 20_000 });
  assert.deepEqual(run.outcome(), { fates: { discarded: 1 }, rules: [] });
});

Deno.test("judge: giving up what never came, or was reported long before, is losing it", () => {
  for (const reported of [null, 100]) {
    const run = new Run();
    const phone = run.phone("a");
    const push = run.push("T-CHAT");
    if (reported !== null) run.comes(phone, push, { reported });
    const at = 200 + TRANSIT_MS;
    run.evidence.deadLetters.push({ biz: "T-CHAT", subject: "u", device: "a", id: 1, reason: "retries", at });
    assert.deepEqual(run.outcome().fates, { lost: 1 });
  }
});

Deno.test("judge: a single-device op is given up where a phone kept it, though another one's report was cut off", () => {
  const at = 200 + TRANSIT_MS;
  const outcome = (other: { at: number; reported: number } | null, acked: boolean) => {
    const run = new Run();
    const push = run.push("T-ONCE");
    run.comes(run.phone("a"), push, { at: 90, reported: 100 });
    if (other) run.comes(run.phone("b"), push, other);
    run.evidence.deadLetters.push({ biz: "T-ONCE", subject: "u", device: "", id: 1, reason: "retries", at });
    if (acked) run.evidence.acks.push({ biz: "T-ONCE", owner: "u", id: 1, at: 101 });
    return run.outcome().fates;
  };
  const kept = { at: 150, reported: -1 };
  assert.deepEqual(outcome(kept, false), { discarded: 1 });
  assert.deepEqual(outcome(kept, true), { lost: 1 });
  assert.deepEqual(outcome(null, false), { lost: 1 });
  assert.deepEqual(outcome({ at: 150, reported: 160 }, false), { lost: 1 });
  assert.deepEqual(outcome({ at: at + 1, reported: -1 }, false), { lost: 1 });
});

Deno.test("judge: a push for one device of a user needs one phone, for a device that one, for all each", () => {
  const once = new Run();
  once.phone("a");
  once.comes(once.phone("b"), once.push("T-ONCE"));
  assert.deepEqual(once.outcome(), { fates: { delivered: 1 }, rules: [] });

  const device = new Run();
  device.phone("a");
  device.comes(device.phone("b"), device.push("T-DEVICE", { owner: "b" }));
  device.push("T-DEVICE", { owner: "a" });
  assert.deepEqual(device.outcome(), { fates: { delivered: 1, lost: 1 }, rules: [] });

  const all = new Run();
  const push = all.push("T-ALL", { owner: "" });
  all.comes(all.phone("a"), push, {}, "a");
  assert.deepEqual(all.outcome(), { fates: { delivered: 1 }, rules: [] });
  all.phone("b");
  assert.deepEqual(all.outcome(), { fates: { lost: 1 }, rules: [] });
});

Deno.test("judge: excused is only what expired, is for others, or lies over the threshold", () => {
  const run = new Run();
  run.phone("a");
  run.push("T-CHAT", { validUntil: END - 1 });
  run.push("T-CHAT", { validUntil: END + 1 });
  run.push("T-CHAT", { filter: { os: "iOS" } });
  run.push("T-CHAT", { filter: { min: "1.4.0" } });
  assert.deepEqual(run.outcome(), { fates: { expired: 1, filtered: 1, lost: 2 }, rules: [] });

  const threshold = new Run();
  threshold.phone("a");
  for (let n = 0; n < 30; n++) threshold.push("T-NEWEST");
  assert.deepEqual(threshold.outcome(), { fates: { "over threshold": 5, lost: 25 }, rules: [] });
});

Deno.test("judge: a push whose answer was lost counts as none or one", () => {
  const run = new Run();
  const phone = run.phone("a");
  const lost = { stored: 0, answered: -1, unknown: 1 };
  run.push("T-CHAT", { ...lost, id: null });
  run.comes(phone, run.push("T-CHAT", lost));
  run.push("T-CHAT", lost);
  assert.deepEqual(run.outcome(), { fates: { delivered: 1, lost: 1, unstored: 1 }, rules: [] });
});

Deno.test("judge: what is answered as new twice, stored twice, or stored although refused, is against the rules", () => {
  const run = new Run();
  const phone = run.phone("a");
  const twice = run.push("T-CHAT", { stored: 2, attempts: 2 });
  run.comes(phone, twice);
  assert.deepEqual(run.outcome().rules, ["PUSH-4"]);
  run.evidence.log.push({ biz: "T-CHAT", owner: "u", id: 77, push: 0 });
  assert.deepEqual(run.outcome().rules.sort(), ["PUSH-4", "PUSH-4", "STR-1"]);

  const refused = new Run();
  refused.comes(refused.phone("a"), refused.push("T-CHAT", { stored: 0, answered: -1, refused: "ARGS_ILLEGAL: late" }));
  assert.deepEqual(refused.outcome().rules, ["PUSH-1"]);
});

Deno.test("judge: an id that falls at a phone is against the rules, unless it is late or the app is another one", () => {
  const cases: [Partial<Arrival>, string[]][] = [[{}, ["DLV-1"]], [{ late: true }, []], [{ life: 1 }, []]];
  for (const [fields, rules] of cases) {
    const run = new Run();
    const phone = run.phone("a");
    const first = run.push("T-CHAT"), second = run.push("T-CHAT");
    run.comes(phone, second);
    run.comes(phone, first, fields);
    assert.deepEqual(run.outcome(), { fates: { delivered: 2 }, rules });
  }
});

Deno.test("judge: an app that starts again gets nothing unmarked below what it had reported, and what it had not reported may come again", () => {
  for (const [reported, rules] of [[3, ["DLV-1"]], [-1, []]] as const) {
    const run = new Run();
    const phone = run.phone("a", "u", ANDROID, "sdk");
    const first = run.push("T-CHAT"), second = run.push("T-CHAT");
    run.comes(phone, second, { at: 2, reported });
    run.comes(phone, first, { life: 1, at: 4 });
    run.comes(phone, second, { life: 1, at: 5, reported: 6 });
    assert.deepEqual(run.outcome().rules.filter((rule) => rule === "DLV-1"), rules);
  }
});

Deno.test("judge: what an app has reported does not come again, what it has not may", () => {
  for (const [reported, rules] of [[20, ["DLV-8"]], [-1, []]] as const) {
    const run = new Run();
    const phone = run.phone("a");
    const push = run.push("T-CHAT");
    run.comes(phone, push, { at: 10, reported });
    run.comes(phone, push, { at: 30, reported: 31 });
    assert.deepEqual(run.outcome(), { fates: { delivered: 1 }, rules });
  }
});

Deno.test("judge: a single-device op that one phone acknowledged comes to no other", () => {
  const run = new Run();
  const phone = run.phone("a");
  run.comes(phone, run.push("T-ONCE"), { at: 1_000 + TRANSIT_MS });
  run.evidence.acks.push({ biz: "T-ONCE", owner: "u", id: 1, at: 999 });
  assert.deepEqual(run.outcome().rules, ["DEV-2"]);
});

Deno.test("judge: what is for others, expired, unknown or not in the log does not come", () => {
  const run = new Run();
  const phone = run.phone("a", "u");
  run.comes(phone, run.push("T-CHAT", { owner: "v" }), {}, "u");
  run.comes(phone, run.push("T-CHAT", { filter: { os: "iOS" } }));
  run.comes(phone, run.push("T-CHAT", { validUntil: 100 }), { at: 101 + TRANSIT_MS });
  run.comes(phone, run.push("T-CHAT", { id: null, stored: 0, answered: -1, unknown: 1 }));
  run.comes(phone, run.push("T-CHAT", { id: 50 }), { id: 51 });
  streamOf(phone, "T-CHAT", "u").arrivals.push({ push: 99, id: 60, at: 0, late: false, life: 0, reported: 1 });
  assert.deepEqual(run.outcome().rules, ["DEV-1", "FLT-2", "DLV-7", "PUSH-3", "STR-1", "PUSH-3"]);
});

Deno.test("judge: a call that began after another was answered has the higher id", () => {
  const run = new Run();
  const phone = run.phone("a");
  const first = run.push("T-CHAT", { id: 2 }), second = run.push("T-CHAT", { id: 1 });
  run.comes(phone, second, { id: 1 });
  run.comes(phone, first, { id: 2 });
  assert.deepEqual(run.outcome().rules, ["STR-1"]);
});
