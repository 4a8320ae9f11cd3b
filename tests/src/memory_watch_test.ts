import assert from "node:assert/strict";
import { watchMemory } from "../../src/memory_watch.ts";

const MIB = 1024 * 1024;

Deno.test("memory is watched: growth beyond the limit and what connections explain is told, at most every 15 s", () => {
  let native = 100 * MIB, connections = 0, told = 0;
  const timers: { ms: number; callback: () => void }[] = [];
  const clock = {
    now: () => 0,
    after: (ms: number, callback: () => void) => {
      timers.push({ ms, callback });
      return () => timers.length = 0;
    },
  };
  const tick = () => {
    const { ms, callback } = timers.shift()!;
    callback();
    return ms;
  };
  const watch = watchMemory({
    clock,
    limit: 10 * MIB,
    native: () => native,
    connections: () => connections,
    exceeded: () => told++,
  });
  tick();
  native = 110 * MIB;
  tick();
  assert.equal(told, 0, "not above the limit");
  native = 111 * MIB;
  connections = 64;
  tick();
  assert.equal(told, 0, "connections explain it");
  connections = 0;
  assert.deepEqual([tick(), told, tick(), told], [1_000, 1, 15_000, 2]);
  native = 100 * MIB;
  assert.deepEqual([tick(), tick(), told], [15_000, 1_000, 2]);
  watch[Symbol.dispose]();
  assert.equal(timers.length, 0);
});
