import assert from "node:assert/strict";
import fc from "fast-check";
import { Recorder } from "../../actors/recorder.ts";
import type { DeliveryStore, Progress } from "../../db/delivery.ts";
import type { Clock } from "../../src/clock.ts";
import { inFlight, NOW, STREAM } from "./support/lanes.ts";

const { target } = STREAM;

/** A clock whose timers fire when the test says so. */
class ManualClock implements Clock {
  readonly timers = new Set<() => void>();
  now = () => NOW;
  after(_ms: number, callback: () => void): () => void {
    this.timers.add(callback);
    return () => this.timers.delete(callback);
  }
  fire(): void {
    for (const callback of [...this.timers]) {
      this.timers.delete(callback);
      callback();
    }
  }
}

/** A store that keeps what is saved; each save waits for the test, or for nothing. */
class Saves {
  readonly saved: Progress[] = [];
  /** What stands durable per kind: the highest point, arrivals, and delivery rows by id. */
  readonly rows = new Map<number, number>();
  readonly arrivals = new Set<number>();
  point = 0;
  under = 0;
  fail = 0;
  gate: () => Promise<void> = () => Promise.resolve();

  readonly store = {
    save: async (progress: Progress) => {
      assert.equal(++this.under, 1, "two saves at once");
      await this.gate();
      this.under--;
      if (this.fail-- > 0) throw new Error("the database is away");
      this.saved.push(progress);
      for (const { point } of progress.points) this.point = Math.max(this.point, point);
      for (const { id, attempts } of progress.sent) this.rows.set(id, attempts);
      for (const { id } of progress.arrivals) this.arrivals.add(id);
      for (const { id } of progress.done) this.rows.delete(id);
    },
  } as unknown as DeliveryStore;
}

function setUp() {
  const clock = new ManualClock(), saves = new Saves();
  const errors: unknown[] = [];
  return {
    clock,
    saves,
    errors,
    recorder: new Recorder(saves.store, clock, { failed: (error) => errors.push(error) }),
  };
}

Deno.test("Recorder writes at the latest when its timer fires, and once for everything until then", async () => {
  const { clock, saves, recorder } = setUp();
  recorder.point(target, 3);
  recorder.point(target, 5);
  recorder.sent(target, [inFlight(6)]);
  assert.deepEqual([recorder.dirty, clock.timers.size, saves.saved.length], [true, 1, 0]);
  clock.fire();
  await recorder.flush();
  assert.deepEqual([recorder.dirty, clock.timers.size, saves.saved.length], [false, 0, 1]);
  assert.deepEqual([saves.point, [...saves.rows]], [5, [[6, 0]]]);
});

Deno.test("[PT-1] Recorder never writes a point below one it was told before", async () => {
  const { saves, recorder } = setUp();
  recorder.point(target, 50);
  recorder.point(target, 40);
  await recorder.flush();
  assert.deepEqual(saves.saved.map(({ points }) => points.map(({ point }) => point)), [[50]]);
});

Deno.test("[DLV-5] an op acknowledged before its first flush costs one row, its arrival; a charged retry is written", async () => {
  const { saves, recorder } = setUp();
  recorder.sent(target, [inFlight(1), inFlight(2)]);
  recorder.acked(target, "u-1", "d-1", [inFlight(1)]);
  recorder.sent(target, [inFlight(2, { attempts: 3 })]);
  await recorder.flush();
  const [{ sent, done, arrivals }] = saves.saved as [Progress];
  assert.deepEqual([sent.map(({ id, attempts }) => [id, attempts]), done.length], [[[2, 3]], 0]);
  assert.deepEqual(arrivals.map(({ id, device }) => [id, device]), [[1, "d-1"]]);
  recorder.acked(target, "u-1", "d-1", [inFlight(2, { attempts: 3 })]);
  await recorder.flush();
  assert.deepEqual([saves.rows.size, [...saves.arrivals]], [0, [1, 2]]);
});

Deno.test("[DLV-6] a discarded op becomes a dead letter and leaves its delivery row", async () => {
  const { saves, recorder } = setUp();
  recorder.sent(target, [inFlight(1, { attempts: 6 })]);
  await recorder.flush();
  recorder.discarded(target, [inFlight(1, { attempts: 6 })]);
  await recorder.flush();
  assert.deepEqual(saves.saved[1]?.discarded, [{ ...target, id: 1, mid: "m-1", attempts: 6 }]);
  assert.deepEqual([saves.rows.size, saves.arrivals.size], [0, 0]);
});

Deno.test("[PUSH-3] a flush that fails is tried again with the same progress, and the barrier waits for it", async () => {
  const { clock, saves, errors, recorder } = setUp();
  saves.fail = 2;
  recorder.point(target, 9);
  const flushed = recorder.flush();
  for (let tries = 1; tries <= 2; tries++) {
    while (clock.timers.size === 0) await Promise.resolve();
    assert.deepEqual([errors.length, saves.saved.length], [tries, 0]);
    clock.fire();
  }
  await flushed;
  assert.deepEqual([errors.length, saves.point], [2, 9]);
});

Deno.test("[OPS-3] many who wait for a flush share the next one, however much is recorded meanwhile", async () => {
  const { saves, recorder } = setUp();
  let id = 0;
  // a busy server: something new at each save
  saves.gate = () => Promise.resolve().then(() => recorder.point(target, ++id));
  recorder.point(target, ++id);
  const first = recorder.flush();
  recorder.point(target, ++id);
  const waiting = Array.from({ length: 100 }, () => recorder.flush());
  await Promise.all([first, ...waiting]);
  assert.equal(saves.saved.length, 2);
});

Deno.test("Recorder's flush is a barrier: all that was recorded before it is durable, in whatever order saves end", async () => {
  const action = fc.oneof(
    fc.record({ type: fc.constant("sent" as const), id: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ type: fc.constant("retried" as const), id: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ type: fc.constant("acked" as const), id: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ type: fc.constant("point" as const), id: fc.integer({ min: 1, max: 99 }) }),
    fc.record({ type: fc.constant("flush" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), fc.scheduler(), async (actions, scheduler) => {
      const { saves, recorder } = setUp();
      saves.gate = () => scheduler.schedule(Promise.resolve());
      // what the window holds: id → attempts; an op is sent once, and leaves when it is acknowledged
      const window = new Map<number, number>(), acked = new Set<number>();
      let point = 0;
      const barriers: Promise<void>[] = [];
      for (const one of actions) {
        if (one.type === "point") recorder.point(target, point = Math.max(point, one.id));
        else if (one.type === "flush") {
          const want = { point, acked: [...acked] };
          barriers.push(
            recorder.flush().then(() => {
              assert.ok(saves.point >= want.point);
              for (const id of want.acked) assert.ok(saves.arrivals.has(id), `${id} is acknowledged and not durable`);
            }),
          );
        } else if (one.type === "sent") {
          if (window.has(one.id) || acked.has(one.id)) continue;
          window.set(one.id, 0);
          recorder.sent(target, [inFlight(one.id)]);
        } else {
          const attempts = window.get(one.id);
          if (attempts === undefined) continue;
          if (one.type === "retried") {
            window.set(one.id, attempts + 1);
            recorder.sent(target, [inFlight(one.id, { attempts: attempts + 1 })]);
          } else {
            window.delete(one.id);
            acked.add(one.id);
            recorder.acked(target, "u-1", "d-1", [inFlight(one.id, { attempts })]);
          }
        }
      }
      barriers.push(recorder.flush());
      await scheduler.waitFor(Promise.all(barriers));
      assert.deepEqual([...saves.rows].sort(), [...window].sort(), "delivery rows are what is unacknowledged");
      assert.deepEqual([...saves.arrivals].sort(), [...acked].sort());
      assert.equal(recorder.dirty, false);
    }),
    { numRuns: 150 },
  );
});
