import assert from "node:assert/strict";
import fc from "fast-check";
import { decode } from "../../sdk/core/records.ts";
import { BIZ, World } from "./support/world.ts";

type Command = { name: string; run: (world: World) => void; ticks?: number };

/** So that a failure prints as a list of words. */
const named = (command: Command) => Object.assign(command, { [fc.toStringMethod]: () => command.name });

const small = fc.nat({ max: 2 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(small, small, fc.boolean(), fc.nat({ max: 4 })).map(([s, gap, held, n]) => ({
      name: `push ${n + 1} to ${s}${held ? " held back" : ""}`,
      run: (w: World) => {
        for (let i = 0; i <= n; i++) w.server.streams[s]!.push(gap, held && i === 0);
      },
    })),
  },
  {
    weight: 8,
    arbitrary: fc.integer({ min: 1, max: 5 }).map((size) => ({
      name: `pump ${size}`,
      run: (w: World) => void w.server.pump(size),
    })),
  },
  {
    weight: 10,
    arbitrary: fc.nat({ max: 9 }).map((n) => ({ name: `report ${n}`, run: (w: World) => w.report((l) => n % l) })),
  },
  { weight: 4, arbitrary: fc.constant({ name: "connect", run: (w: World) => w.connect() }) },
  { weight: 2, arbitrary: fc.constant({ name: "cut", run: (w: World) => w.server.cut() }) },
  { weight: 2, arbitrary: fc.constant({ name: "retry", run: (w: World) => w.server.retry() }) },
  { weight: 1, arbitrary: fc.constant({ name: "give up", run: (w: World) => w.giveUp() }) },
  {
    weight: 1,
    arbitrary: fc.constant({
      name: "cut and give up",
      run: (w: World) => {
        w.server.cut();
        w.giveUp();
      },
    }),
  },
  { weight: 2, arbitrary: fc.constant({ name: "crash", run: (w: World) => w.crash() }) },
  {
    weight: 2,
    arbitrary: small.map((s) => ({
      name: `let go of what is held back in ${s}`,
      run: (w: World) => w.server.streams[s]!.ops.forEach((op) => op.heldBack = false),
    })),
  },
  {
    weight: 4,
    arbitrary: fc.boolean().map((held) => ({
      name: held ? "hold writes" : "release writes",
      run: (w: World) => held ? w.disk.hold() : w.disk.release(),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("u1", "u2", null).map((u) => ({ name: `login ${u}`, run: (w: World) => w.login(u) })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...BIZ), fc.boolean()).map(([biz, on]) => ({
      name: `${on ? "register" : "unregister"} ${biz}`,
      run: (w: World) => w.register(biz, on),
    })),
  },
).chain((c) => fc.constantFrom(12, 12, 2, 0).map((ticks) => ({ ...c, ticks }))).map(named);

/** Everything good happens from now on, for each user in turn: nothing may be left. */
async function finish(world: World): Promise<void> {
  for (const stream of world.server.streams) for (const op of stream.ops) op.heldBack = false;
  for (const biz of BIZ) world.register(biz, true);
  for (const user of ["u1", "u2"]) {
    world.login(user);
    for (let round = 0; round < 60; round++) {
      world.disk.release();
      await world.settle();
      world.connect();
      world.server.pump(5);
      if (round % 7 === 6) world.server.retry();
      while (world.hands.length) world.report(() => 0);
    }
    await world.settle();
  }
}

Deno.test("[DLV-8] [SDK-3] [SDK-4] whatever happens: nothing is lost, repeated without need, out of order, or acked too early", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 90 }), async (commands) => {
      const world = new World();
      world.user = "u1";
      for (const biz of BIZ) world.registered.add(biz);
      world.start();
      await world.settle();
      world.connect();
      await world.settle();
      for (const { run, ticks } of commands) {
        run(world);
        await world.settle(ticks);
      }
      await finish(world);
      assert.deepEqual(world.broken, []);
      assert.deepEqual(world.server.faults, []);
      const stored = decode(world.disk.entries, { durable: true, freshId: "x" }).ledger;
      for (const stream of world.server.streams) {
        assert.equal(stored.streams.get(stream.key)?.point ?? 0, stream.head, `the point of ${stream.key}`);
        const left = stream.ops.filter((op) => !op.acked && !op.gone).map((op) => op.id);
        assert.deepEqual(left, [], `left in ${stream.key}`);
        const reported = world.reported.get(stream.key);
        const missing = stream.ops.filter((op) => op.acked && !op.gone && reported?.get(op.id) !== true);
        assert.deepEqual(missing.map((op) => op.id), [], `never seen by the app in ${stream.key}`);
      }
      world.bench.crash();
    }),
    { numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? 120) },
  );
});
