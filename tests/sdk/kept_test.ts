import assert from "node:assert/strict";
import { decode } from "../../sdk/core/records.ts";
import type { SyncStore } from "../../sdk/store.ts";
import { MemoryStore } from "../../sdk/stores/memory.ts";
import { Bench } from "./support/bench.ts";
import { SlowStore } from "./support/stores.ts";
import { until } from "./support/until.ts";
import { op, type Wire } from "./support/wire.ts";

const sync = (wire: Wire, batch: Record<string, unknown>) =>
  wire.say({ type: "sync", batches: [{ scope: "user", biz: "CHAT", ops: [], ...batch } as never] });
const acks = (wire: Wire) => wire.all("ack").map(({ id, ids }) => ({ ...(id ? { id } : {}), ...(ids ? { ids } : {}) }));
const register = (bench: Bench) => bench.engine.post({ type: "register", biz: "CHAT" });
const keptKeys = async (store: SyncStore) => [...(await store.load()).keys()].filter((k) => k.startsWith("k/"));

async function loggedIn(store: SyncStore): Promise<Bench> {
  const bench = new Bench({ store });
  bench.engine.post({ type: "login", userId: "u1", sessionId: "s" });
  await bench.online();
  return bench;
}

Deno.test("[SDK-4] messages of an unregistered biz are stored, then acked, then handed over at registration", async () => {
  const store = new SlowStore();
  await using bench = await loggedIn(store);
  await bench.quiet();
  store.hold();
  sync(bench.wire, { from: 0, to: 2, ops: [op(1), op(2)] });
  await until("the write", () => store.held === 1);
  assert.deepEqual(acks(bench.wire), []);
  store.release();
  await bench.quiet();
  assert.deepEqual(acks(bench.wire), [{ id: 2 }]);
  assert.deepEqual(await keptKeys(store), ["k/user/CHAT/1/e-1/u1", "k/user/CHAT/2/e-1/u1"]);
  register(bench);
  assert.deepEqual(bench.ids, [1, 2]);
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  assert.deepEqual(await keptKeys(store), []);
});

Deno.test("[SDK-4] kept messages survive a restart and come before new ones, in order", async () => {
  const store = new MemoryStore({ durable: true });
  const first = await loggedIn(store);
  sync(first.wire, { from: 0, to: 3, ops: [op(2), op(3)] });
  sync(first.wire, { late: true, ops: [op(1)] });
  await first.quiet();
  first.crash();
  await using bench = await loggedIn(store);
  assert.deepEqual(bench.wire.last("hello")?.user?.points, [["user", "CHAT", 3]]);
  register(bench);
  sync(bench.wire, { from: 3, to: 4, ops: [op(4)] });
  assert.deepEqual(bench.ids, [1, 2, 3, 4]);
  assert.deepEqual(bench.delivered[0]?.ops.map((o) => o.late), [true, undefined, undefined]);
});

Deno.test("[SDK-4] a kept message that the app did not report comes again after a restart, a reported one does not", async () => {
  const store = new MemoryStore({ durable: true });
  const first = await loggedIn(store);
  sync(first.wire, { from: 0, to: 2, ops: [op(1), op(2)] });
  await first.quiet();
  register(first);
  first.report(first.delivered[0]!, [1]);
  await first.quiet();
  first.crash();
  const second = new Bench({ store });
  register(second);
  second.engine.post({ type: "login", userId: "u1", sessionId: "s" });
  await second.online();
  assert.deepEqual(second.ids, [2]);
  second.report(second.delivered[0]!);
  await second.quiet();
  second.crash();
  await using third = new Bench({ store });
  register(third);
  third.engine.post({ type: "login", userId: "u1", sessionId: "s" });
  await third.online();
  assert.deepEqual(third.ids, []);
});

Deno.test("[SDK-4] kept messages of another user wait for that user", async () => {
  const store = new MemoryStore({ durable: true });
  await using bench = await loggedIn(store);
  sync(bench.wire, { from: 0, to: 1, ops: [op(1)] });
  await bench.quiet();
  bench.engine.post({ type: "login", userId: "u2", sessionId: "s" });
  register(bench);
  assert.deepEqual(bench.ids, []);
  bench.engine.post({ type: "login", userId: "u1", sessionId: "s" });
  assert.deepEqual(bench.delivered.map((d) => [d.userId, d.ops[0]?.id]), [["u1", 1]]);
});

Deno.test("[SDK-4] with a store that is not durable they are handed over, but not acked before the app reports", async () => {
  await using bench = await loggedIn(new MemoryStore());
  sync(bench.wire, { from: 0, to: 2, ops: [op(1), op(2)] });
  await bench.quiet();
  assert.deepEqual(acks(bench.wire), []);
  sync(bench.wire, { from: 2, to: 2, ops: [op(1), op(2)] });
  register(bench);
  assert.deepEqual(bench.ids, [1, 2]);
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  assert.deepEqual(acks(bench.wire), [{ id: 2 }]);
});

Deno.test("[SDK-4] with a full store they are not acked either, and are once it takes them", async () => {
  const store = new SlowStore();
  await using bench = await loggedIn(store);
  await bench.quiet();
  store.refuse = new Error("full");
  sync(bench.wire, { from: 0, to: 1, ops: [op(1)] });
  await until("the problem", () => bench.problems.length > 0);
  assert.deepEqual(bench.problems.map((p) => p.code), ["storage"]);
  assert.deepEqual(acks(bench.wire), []);
  store.refuse = null;
  // The server's own retry is what tries again.
  sync(bench.wire, { from: 1, to: 1, ops: [op(1)] });
  await bench.quiet();
  assert.deepEqual(acks(bench.wire), [{ id: 1 }]);
});

Deno.test("[SDK-4] a biz registered while its message is being stored gets it at once and reports it as usual", async () => {
  const store = new SlowStore();
  await using bench = await loggedIn(store);
  await bench.quiet();
  store.hold();
  sync(bench.wire, { from: 0, to: 1, ops: [op(1)] });
  await until("the write", () => store.held === 1);
  register(bench);
  assert.deepEqual(bench.ids, [1]);
  store.release();
  await bench.quiet();
  assert.deepEqual(acks(bench.wire), []);
  assert.deepEqual(await keptKeys(store), []);
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  assert.deepEqual(acks(bench.wire), [{ id: 1 }]);
});

Deno.test("[SDK-4] what is gone before it was stored is not kept", async () => {
  const store = new SlowStore();
  await using bench = await loggedIn(store);
  await bench.quiet();
  store.hold();
  sync(bench.wire, { from: 0, to: 1, ops: [op(1)] });
  sync(bench.wire, { from: 1, to: 1, ops: [], gone: [1] });
  store.release();
  await bench.quiet();
  assert.deepEqual(await keptKeys(store), []);
  register(bench);
  assert.deepEqual(bench.ids, []);
});

Deno.test("[SDK-4] a crash between the message's record and the stream's loses and repeats nothing", async () => {
  const store = new MemoryStore({ durable: true });
  const first = await loggedIn(store);
  sync(first.wire, { from: 0, to: 1, ops: [op(1)] });
  await first.quiet();
  first.crash();
  await store.write({ puts: [], deletes: ["s/user/CHAT/u1"] });
  await using bench = await loggedIn(store);
  register(bench);
  sync(bench.wire, { from: 0, to: 1, ops: [op(1)] });
  await bench.quiet();
  assert.deepEqual(bench.ids, [1]);
  assert.deepEqual(acks(bench.wire), [{ ids: [1] }, { id: 1 }]);
});

Deno.test("[SDK-4] after unregistering, messages are kept again, and what was not reported is handed over again", async () => {
  const store = new MemoryStore({ durable: true });
  await using bench = await loggedIn(store);
  sync(bench.wire, { from: 0, to: 2, ops: [op(1), op(2)] });
  await bench.quiet();
  register(bench);
  bench.report(bench.delivered[0]!, [1]);
  bench.engine.post({ type: "unregister", biz: "CHAT" });
  sync(bench.wire, { from: 2, to: 3, ops: [op(3)] });
  await bench.quiet();
  register(bench);
  assert.deepEqual(bench.ids, [1, 2, 2, 3]);
});

Deno.test("[SDK-4] kept messages outlive a change of epoch and do not hide the ids of the new one", async () => {
  const store = new MemoryStore({ durable: true });
  const first = await loggedIn(store);
  sync(first.wire, { from: 0, to: 1, ops: [op(1, "old")] });
  await first.quiet();
  first.crash();
  await using bench = new Bench({ store });
  bench.engine.post({ type: "login", userId: "u1", sessionId: "s" });
  await bench.online("e-2");
  sync(bench.wire, { from: 0, to: 1, ops: [op(1, "new")] });
  await bench.quiet();
  register(bench);
  assert.deepEqual(bench.delivered.flatMap((d) => d.ops.map((o) => o.pl)), ["old", "new"]);
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  assert.deepEqual(await keptKeys(store), ["k/user/CHAT/1/e-2/u1"]);
  bench.report(bench.delivered[1]!);
  await bench.quiet();
  assert.deepEqual(await keptKeys(store), []);
});

Deno.test("[SDK-4] a long backlog is handed over in parts of 100", async () => {
  const store = new MemoryStore({ durable: true });
  await using bench = await loggedIn(store);
  sync(bench.wire, { from: 0, to: 250, ops: Array.from({ length: 250 }, (_, i) => op(i + 1)) });
  await bench.quiet();
  register(bench);
  assert.deepEqual(bench.delivered.map((d) => d.ops.length), [100, 100, 50]);
  assert.deepEqual(bench.ids, Array.from({ length: 250 }, (_, i) => i + 1));
});

Deno.test("[SDK-4] kept messages that were handed over and not reported come again at the user's next login", async () => {
  await using bench = await loggedIn(new MemoryStore({ durable: true }));
  sync(bench.wire, { from: 0, to: 2, ops: [op(1), op(2)] });
  await bench.quiet();
  register(bench);
  bench.report(bench.delivered[0]!, [1]);
  bench.engine.post({ type: "logout" });
  bench.engine.post({ type: "login", userId: "u1", sessionId: "s" });
  assert.deepEqual(bench.ids, [1, 2, 2]);
});

Deno.test("[SDK-4] eight times as many kept messages take about eight times as long to read, not sixty-four times", () => {
  const records = (count: number) =>
    new Map([
      ["installation", JSON.stringify({ v: 1, deviceId: "d", seq: 1, epoch: "e-1" })],
      ...Array.from({ length: count }, (_, i) => {
        const id = (i * 7919) % count + 1;
        const record = { scope: "user", biz: "CHAT", owner: "u1", epoch: "e-1", late: false, op: op(id) };
        return [`k/user/CHAT/${id}/e-1/u1`, JSON.stringify(record)] as const;
      }),
    ]);
  const time = (count: number) => {
    const entries = records(count);
    const times = [1, 2, 3].map(() => {
      const began = performance.now();
      const { ledger } = decode(entries, { durable: true, freshId: "x" });
      const took = performance.now() - began;
      const kept = ledger.streams.get("s/user/CHAT/u1")!.kept;
      assert.deepEqual([kept.length, kept[0]?.id, kept.at(-1)?.id], [count, 1, count]);
      return took;
    });
    return Math.min(...times);
  };
  time(1000);
  const few = time(1000), many = time(8000);
  assert.ok(many < few * 30, `${few} ms and ${many} ms`);
});
