import assert from "node:assert/strict";
import { MemoryStore } from "../../sdk/stores/memory.ts";
import { Bench } from "./support/bench.ts";
import { SlowStore } from "./support/stores.ts";
import { until } from "./support/until.ts";
import { op } from "./support/wire.ts";
import type { Wire } from "./support/wire.ts";

const sync = (wire: Wire, batch: Record<string, unknown>) =>
  wire.say({ type: "sync", batches: [{ scope: "device", biz: "LOCK", ops: [], ...batch } as never] });

const acks = (wire: Wire) => wire.all("ack").map(({ id, ids }) => ({ ...(id ? { id } : {}), ...(ids ? { ids } : {}) }));

Deno.test("[SDK-3] nothing is acked before the app reports; then the point goes out", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 5, ops: [op(2), op(5)] });
  assert.deepEqual(bench.ids, [2, 5]);
  await bench.quiet();
  // Below the first op there is nothing for this device: that much is complete.
  assert.deepEqual(acks(wire), [{ id: 1 }]);
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  assert.deepEqual(acks(wire), [{ id: 1 }, { id: 5 }]);
});

Deno.test("[SDK-3] what is reported out of order is acked by id, and the point follows when it is complete", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 3, ops: [op(1), op(2), op(3)] });
  bench.report(bench.delivered[0]!, [2]);
  await bench.quiet();
  assert.deepEqual(acks(wire), [{ ids: [2] }]);
  bench.report(bench.delivered[0]!, [1]);
  await bench.quiet();
  assert.deepEqual(acks(wire), [{ ids: [2] }, { id: 2 }]);
  bench.report(bench.delivered[0]!, [3]);
  await bench.quiet();
  assert.deepEqual(acks(wire).at(-1), { id: 3 });
});

Deno.test("[SDK-3] the ack waits until the report is stored", async () => {
  const store = new SlowStore();
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  await bench.quiet();
  store.hold();
  sync(wire, { from: 0, to: 1, ops: [op(1)] });
  bench.report(bench.delivered[0]!);
  await until("the write to be under way", () => store.held > 0);
  assert.deepEqual(acks(wire), []);
  store.release();
  await until("the ack", () => acks(wire).length === 1);
  assert.deepEqual(acks(wire), [{ id: 1 }]);
});

Deno.test("[PT-4] a batch that starts above the cursor closes with 4000 and connects again", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 3, ops: [] });
  sync(wire, { from: 4, to: 5, ops: [op(5)] });
  assert.deepEqual(wire.closedBy, { code: 4000, reason: "resync" });
  assert.deepEqual(bench.ids, []);
  assert.equal(bench.state, "waiting");
  const again = await bench.online();
  assert.deepEqual(again.last("hello")?.points, [["device", "LOCK", 3]]);
});

Deno.test("[PT-4] an interval without ops moves the cursor and is acked", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  sync(wire, { from: 0, to: 9, ops: [] });
  await bench.quiet();
  assert.deepEqual(acks(wire), [{ id: 9 }]);
});

Deno.test("[DLV-8] a retry is handed on again while it is not reported, and acked again when it is", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 2, ops: [op(1), op(2)] });
  sync(wire, { from: 2, to: 2, ops: [op(1)] });
  assert.deepEqual(bench.ids, [1, 2, 1]);
  bench.report(bench.delivered[0]!, [1]);
  await bench.quiet();
  sync(wire, { from: 2, to: 2, ops: [op(1)] });
  assert.deepEqual(bench.ids, [1, 2, 1]);
  assert.deepEqual(acks(wire), [{ id: 1 }, { ids: [1] }]);
});

Deno.test("[DLV-8] after a restart what was not reported comes again, what was does not", async () => {
  const store = new MemoryStore({ durable: true });
  {
    const bench = new Bench({ store });
    bench.engine.post({ type: "register", biz: "LOCK" });
    const wire = await bench.online();
    sync(wire, { from: 0, to: 3, ops: [op(1), op(2), op(3)] });
    bench.report(bench.delivered[0]!, [1, 3]);
    await bench.quiet();
    bench.crash();
  }
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  assert.deepEqual(wire.last("hello")?.points, [["device", "LOCK", 1]]);
  sync(wire, { from: 1, to: 3, ops: [op(2), op(3)] });
  assert.deepEqual(bench.ids, [2]);
  assert.deepEqual(acks(wire), [{ ids: [3] }]);
});

Deno.test("[DLV-6] gone ops are no longer waited for", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 3, ops: [op(1), op(2), op(3)] });
  bench.report(bench.delivered[0]!, [2, 3]);
  await bench.quiet();
  sync(wire, { from: 3, to: 3, ops: [], gone: [1] });
  await bench.quiet();
  assert.deepEqual(acks(wire), [{ ids: [2, 3] }, { id: 3 }]);
});

Deno.test("[DLV-6] ops that an earlier connection left waiting and an interval covers without carrying are released", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const first = await bench.online();
  sync(first, { from: 0, to: 3, ops: [op(1), op(2), op(3)] });
  await bench.quiet();
  first.cut();
  const second = await bench.online();
  sync(second, { from: 0, to: 3, ops: [op(2)] });
  bench.report(bench.delivered[1]!);
  await bench.quiet();
  assert.deepEqual(acks(second).at(-1), { id: 3 });
});

Deno.test("[DLV-1] a late op is handed on with its mark, acked by id, and does not move the point", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 9, ops: [op(9)] });
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  sync(wire, { late: true, ops: [op(4)] });
  assert.deepEqual(bench.delivered[1]?.ops, [{ ...op(4), late: true }]);
  bench.report(bench.delivered[1]!);
  await bench.quiet();
  assert.deepEqual(acks(wire).slice(-2), [{ id: 9 }, { ids: [4] }]);
  // Sent once more: acked once more, not handed on.
  sync(wire, { late: true, ops: [op(4)] });
  assert.deepEqual(bench.ids, [9, 4]);
  assert.deepEqual(acks(wire).at(-1), { ids: [4] });
});

Deno.test("[DLV-1] [DEV-2] below what an earlier connection brought, and what was reported before a restart, ops are marked", async () => {
  const store = new MemoryStore({ durable: true });
  const first = new Bench({ store });
  first.engine.post({ type: "register", biz: "LOCK" });
  sync(await first.online(), { from: 0, to: 7, ops: [op(2), op(7)] });
  first.report(first.delivered[0]!, [7]);
  await first.quiet();
  first.wire.cut();
  // the point is where the app's report of 2 is missing: the interval begins there again
  sync(await first.online(), { from: 1, to: 9, ops: [op(2), op(4), op(9)] });
  const marks = (bench: Bench) => bench.delivered.at(-1)!.ops.map((o) => [o.id, o.late === true]);
  assert.deepEqual(marks(first), [[2, false], [4, true], [9, false]]);
  await first.quiet();
  first.crash();
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  assert.deepEqual(wire.last("hello")?.points, [["device", "LOCK", 1]]);
  sync(wire, { from: 1, to: 9, ops: [op(2), op(5), op(9)] });
  assert.deepEqual(marks(bench), [[2, true], [5, true], [9, false]]);
  bench.report(bench.delivered.at(-1)!);
  await bench.quiet();
  assert.deepEqual(acks(wire).at(-1), { id: 9 });
});

Deno.test("[DLV-1] the retry of a late op that is not reported is not taken for reported, whatever the point says", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 9, ops: [] });
  sync(wire, { late: true, ops: [op(4)] });
  await bench.quiet();
  sync(wire, { from: 9, to: 9, ops: [op(4)] });
  assert.deepEqual(bench.ids, [4, 4]);
  assert.deepEqual(acks(wire), [{ id: 9 }]);
});

Deno.test("[DLV-1] a late op that waits does not hold back the point", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 8, ops: [op(3), op(8)] });
  sync(wire, { late: true, ops: [op(5)] });
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  assert.deepEqual(acks(wire).at(-1), { id: 8 });
});

Deno.test("[SDK-3] a report made while there is no connection is acked by the next hello and by the ops that come again", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const first = await bench.online();
  sync(first, { from: 0, to: 3, ops: [op(1), op(2), op(3)] });
  first.cut();
  bench.report(bench.delivered[0]!, [1, 3]);
  await bench.quiet();
  const second = await bench.online();
  assert.deepEqual(second.last("hello")?.points, [["device", "LOCK", 1]]);
  assert.deepEqual(acks(second), []);
  sync(second, { from: 1, to: 3, ops: [op(2), op(3)] });
  assert.deepEqual(bench.ids, [1, 2, 3, 2]);
  assert.deepEqual(acks(second), [{ ids: [3] }]);
});

Deno.test("[SDK-3] an ack never names what this connection has not carried", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const first = await bench.online();
  sync(first, { from: 0, to: 3, ops: [op(1), op(2), op(3)] });
  first.cut();
  const second = await bench.online();
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  assert.deepEqual(acks(second), []);
  sync(second, { from: 0, to: 2, ops: [op(1), op(2)] });
  assert.deepEqual(acks(second), [{ id: 2 }]);
  sync(second, { from: 2, to: 3, ops: [op(3)] });
  assert.deepEqual(acks(second), [{ id: 2 }, { id: 3 }]);
});

Deno.test("[PER-2] not persistent ops are handed on and neither acked nor remembered", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { ops: [op(0, "a")] });
  sync(wire, { ops: [op(0, "a")] });
  assert.deepEqual(bench.ids, [0, 0]);
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  assert.deepEqual(acks(wire), []);
});

Deno.test("[PER-2] not persistent ops of a biz that is not registered yet wait in memory, the newest 100", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  for (let n = 0; n < 120; n++) sync(wire, { ops: [op(0, `t-${n}`)] });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const payloads = bench.delivered.flatMap((d) => d.ops.map((o) => o.pl));
  assert.equal(payloads.length, 100);
  assert.deepEqual([payloads[0], payloads.at(-1)], ["t-20", "t-119"]);
});

Deno.test("[SDK-5] of reported ids the newest 1,000 are remembered; older ones are known by the point", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  const ids = Array.from({ length: 1200 }, (_, i) => i + 1);
  sync(wire, { from: 0, to: 1200, ops: ids.map((id) => op(id)) });
  bench.report(bench.delivered[0]!, ids);
  await bench.quiet();
  const record = JSON.parse((await bench.store.load()).get("s/device/LOCK/")!);
  assert.deepEqual([record.point, record.floor, record.reported.length], [1200, 200, 1000]);
  const before = bench.ids.length;
  // A retry from below: by the point. A late one from below is another matter, nobody can know: it is handed on.
  sync(wire, { from: 1200, to: 1200, ops: [op(7)] });
  assert.equal(bench.ids.length, before);
  sync(wire, { late: true, ops: [op(8)] });
  assert.equal(bench.ids.length, before + 1);
});

Deno.test("[SDK-5] [DLV-8] a late op stays reported while more than a thousand wait behind one that the app keeps to itself", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  const behind = Array.from({ length: 1_200 }, (_, n) => 11 + n);
  sync(wire, { from: 0, to: 10, ops: [op(10)] });
  sync(wire, { from: 10, to: 1_210, ops: behind.map((id) => op(id)) });
  bench.report(bench.delivered.at(-1)!, behind);
  await bench.quiet();
  sync(wire, { late: true, ops: [op(5)] });
  bench.report(bench.delivered.at(-1)!, [5]);
  await bench.quiet();
  assert.deepEqual(acks(wire).at(-1), { ids: [5] });
  sync(wire, { late: true, ops: [op(5)] });
  assert.equal(bench.ids.filter((id) => id === 5).length, 1);
});
