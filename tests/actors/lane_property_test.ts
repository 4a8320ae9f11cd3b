import assert from "node:assert/strict";
import fc from "fast-check";
import { stepLane } from "../../actors/lane.ts";
import type { Lane, LaneEffect, LaneEvent } from "../../actors/lane_state.ts";
import type { TargetOp } from "../../db/delivery.ts";
import { context, lane, NOW, op } from "./support/lanes.ts";

const LIMITS = { ops: 6, bytes: 2_000 };

/** A random run: what happens to the log, to hints, to reads, to the client and to the clock. */
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("push" as const),
      kind: fc.constantFrom("ok", "ios", "short"),
      bytes: fc.constantFrom(50, 400, 1_500),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant("hint" as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("poll" as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("read" as const), fails: fc.boolean(), stale: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("ackTo" as const), at: fc.double({ min: 0, max: 1.2, noNaN: true }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("ackId" as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("time" as const),
      ms: fc.constantFrom(100, 10_000, 60_000),
      alive: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("stop" as const, "resume" as const, "heard" as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** One lane with the log behind it and the client before it; checks at every step what must always hold. */
class Run {
  lane: Lane = lane();
  now = NOW;
  readonly log: TargetOp[] = [];
  readonly first: number[] = [];
  readonly left = new Set<number>();
  #covered = 0;
  #read: (LaneEffect & { type: "read" }) | null = null;
  #lastRead: (LaneEffect & { type: "read" }) | null = null;
  #tickets = 0;

  do(one: Action): void {
    switch (one.type) {
      case "push": {
        const fields = { bytes: one.bytes, ...(one.kind === "ios" ? { os: "ios" } : {}) };
        const validUntil = one.kind === "short" ? this.now + 5_000 : NOW * 2;
        return void this.log.push(op(this.log.length + 1, { ...fields, validUntil }));
      }
      case "hint": {
        const hinted = this.log[Math.min(this.log.length - 1, Math.floor(one.at * this.log.length))];
        return hinted && this.step({ type: "appended", op: hinted, prev: hinted.id - 1 });
      }
      case "poll":
        return this.log.length > 0 ? this.step({ type: "head", id: this.log.length }) : undefined;
      case "read":
        return this.answer(one.fails, one.stale);
      case "ackTo":
        return this.step({ type: "ackTo", id: Math.floor(one.at * (this.lane.sentTo + 1)) });
      case "ackId":
        return this.step({ type: "ackIds", ids: [Math.floor(one.at * (this.lane.sentTo + 1))] });
      case "time":
        this.now += one.ms;
        return this.step({ type: "due", heardAt: one.alive ? this.now : 0 });
      default:
        return this.step({ type: one.type });
    }
  }

  /** What a page of the log holds: the reader has left out what this client may not have. */
  answer(fails = false, stale = false): void {
    const read = stale ? this.#lastRead : this.#read;
    if (!read) return;
    const { ticket, after, limit } = read;
    if (!stale) this.#read = null;
    if (fails) return this.step({ type: "readFailed", ticket });
    const raw = this.log.filter((one) => one.id > after).slice(0, limit);
    const upTo = raw.length >= limit ? raw.at(-1)!.id : Math.max(this.log.length, after);
    this.step({
      type: "page",
      ticket,
      page: { ops: raw.filter((one) => one.os === null), upTo, head: this.log.length },
    });
  }

  step(event: LaneEvent): void {
    const before = this.lane;
    const { lane: after, effects } = stepLane(
      before,
      event,
      context({ now: this.now, limits: LIMITS, ticket: () => ++this.#tickets }),
    );
    this.lane = after;
    assert.ok(after.point >= before.point, "the point went down");
    assert.ok(after.point <= after.sentTo && after.sentTo <= after.readTo && after.readTo <= after.head);
    assert.ok(after.window.length <= LIMITS.ops, "too many ops in the window");
    assert.ok(after.windowBytes <= LIMITS.bytes || after.window.length === 1, "too many bytes in the window");
    assert.equal(after.windowBytes, after.window.reduce((sum, item) => sum + item.op.bytes, 0));
    for (const effect of effects) this.#perform(effect);
    assert.ok(after.phase.kind !== "reading" || this.#read?.ticket === after.phase.ticket, "waits for no read");
  }

  #perform(effect: LaneEffect): void {
    if (effect.type === "read") this.#read = this.#lastRead = effect;
    if (effect.type === "expired" || effect.type === "discarded") {
      for (const item of effect.items) this.left.add(item.op.id);
    }
    if (effect.type !== "send") return;
    const { interval, ops } = effect.batch;
    assert.ok(interval, "no late ops here");
    assert.equal(interval.from, this.#covered, "a hole before the interval");
    assert.ok(interval.to >= interval.from);
    this.#covered = interval.to;
    const fresh = new Set(effect.first.map((item) => item.op.id));
    for (const { id } of ops) {
      const logged = this.log[id - 1]!;
      assert.ok(logged.os === null && logged.validUntil > this.now, `${id} must not be sent`);
      if (!fresh.has(id)) assert.ok(this.first.includes(id), `${id} repeats what was never sent`);
      else assert.ok(id > (this.first.at(-1) ?? 0) && id > interval.from && id <= interval.to, `${id} out of order`);
      if (fresh.has(id)) this.first.push(id);
    }
  }

  /** Everything calms down: the client acknowledges whatever comes. */
  settle(): void {
    this.step({ type: "resume" });
    for (let turn = 0; turn < 2 * this.log.length + 4; turn++) {
      if (this.log.length > 0) this.step({ type: "head", id: this.log.length });
      this.answer();
      this.step({ type: "ackTo", id: this.lane.sentTo });
    }
  }
}

Deno.test("[DLV-1] [DLV-3] [PT-4] [STR-3] whatever is lost, late, repeated or stopped: every op once, in order, without holes", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const run = new Run();
      for (const one of actions) run.do(one);
      run.settle();
      const lost = run.log.filter((one) => one.os === null && one.validUntil > run.now && !run.first.includes(one.id));
      assert.deepEqual(lost.map((one) => one.id), [], "never sent");
      assert.deepEqual(run.lane.window, []);
      assert.equal(run.lane.point, run.lane.sentTo);
      assert.equal(run.lane.readTo, run.log.length);
    }),
    { numRuns: 400 },
  );
});
