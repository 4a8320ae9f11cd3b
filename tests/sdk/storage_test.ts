import assert from "node:assert/strict";
import { SyncClient } from "../../sdk/client.ts";
import { browserPlatform } from "../../sdk/platform/browser.ts";
import { MemoryStore } from "../../sdk/stores/memory.ts";
import { Bench } from "./support/bench.ts";
import { testPlatform } from "./support/platform.ts";
import { SlowStore } from "./support/stores.ts";
import { until } from "./support/until.ts";
import { op, type Wire } from "./support/wire.ts";

const sync = (wire: Wire, batch: Record<string, unknown>) =>
  wire.say({ type: "sync", batches: [{ scope: "device", biz: "LOCK", ops: [], ...batch } as never] });

Deno.test("[SDK-5] a store that refuses: one error, what the app reported is acked, and it is written with the next", async () => {
  const store = new SlowStore();
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  await bench.quiet();
  store.refuse = new Error("full");
  sync(wire, { from: 0, to: 1, ops: [op(1)] });
  bench.report(bench.delivered[0]!);
  await until("the ack", () => wire.last("ack") !== undefined);
  assert.deepEqual(wire.last("ack")?.id, 1);
  assert.deepEqual(bench.problems.map((p) => [p.code, p.cause]), [["storage", store.refuse]]);
  // It does not come again while this client runs.
  sync(wire, { from: 1, to: 1, ops: [op(1)] });
  assert.deepEqual(bench.ids, [1]);
  store.refuse = null;
  sync(wire, { scope: "global", from: 0, to: 7 });
  await bench.quiet();
  const records = await store.load();
  assert.equal(JSON.parse(records.get("s/device/LOCK/")!).point, 1);
  assert.equal(JSON.parse(records.get("s/global/LOCK/")!).point, 7);
});

Deno.test("[SDK-5] a store that is nearly full is written without the history, and nobody has to know", async () => {
  const store = new (class extends MemoryStore {
    override write(changes: Parameters<MemoryStore["write"]>[0]) {
      const size = changes.puts.reduce((sum, [, value]) => sum + value.length, 0);
      return size > 1000 ? Promise.reject(new Error("quota")) : super.write(changes);
    }
  })({ durable: true });
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 500, ops: Array.from({ length: 500 }, (_, i) => op(i + 1)) });
  for (const d of bench.delivered) bench.report(d);
  await bench.quiet();
  assert.deepEqual(bench.problems, []);
  assert.equal(wire.last("ack")?.id, 500);
  const record = JSON.parse((await store.load()).get("s/device/LOCK/")!);
  assert.deepEqual([record.point, record.floor, record.reported], [500, 500, []]);
});

for (const failing of [20, 7]) {
  Deno.test(`[SDK-5] [DLV-8] a write that fails in passing costs no history: a late op comes once (${failing})`, async () => {
    let failures = 0;
    const store = new (class extends MemoryStore {
      override write(changes: Parameters<MemoryStore["write"]>[0]) {
        return failures-- > 0 ? Promise.reject(new Error("in passing")) : super.write(changes);
      }
    })({ durable: true });
    const first = new Bench({ store });
    first.engine.post({ type: "register", biz: "LOCK" });
    const wire = await first.online();
    const take = async (id: number, batch: Record<string, unknown>) => {
      await first.quiet();
      failures = id === failing ? 1 : 0;
      sync(wire, { ...batch, ops: [op(id)] });
      first.report(first.delivered.at(-1)!);
      await first.quiet();
    };
    await take(20, { from: 0, to: 20 });
    // The ack of the late one is lost with the connection.
    await take(7, { late: true });
    first.crash();
    await using bench = new Bench({ store });
    bench.engine.post({ type: "register", biz: "LOCK" });
    sync(await bench.online(), { late: true, ops: [op(7)] });
    assert.deepEqual([first.ids, bench.ids, first.problems], [[20, 7], [], []]);
  });
}

Deno.test("[SDK-5] a store that cannot be opened: an error, and the client works from memory", async () => {
  const store = new (class extends MemoryStore {
    override load(): Promise<ReadonlyMap<string, string>> {
      return Promise.reject(new Error("blocked"));
    }
  })({ durable: true });
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  assert.deepEqual(bench.problems.map((p) => p.code), ["storage"]);
  sync(wire, { from: 0, to: 1, ops: [op(1)] });
  sync(wire, { biz: "OTHER", from: 0, to: 1, ops: [op(1)] });
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  // OTHER is not registered, and memory is no place to keep what is acked.
  assert.deepEqual(wire.all("ack").map((a) => a.biz), ["LOCK"]);
});

Deno.test("[SDK-5] a store that does not answer does not silence the client", async () => {
  const store = new (class extends MemoryStore {
    override write(): Promise<void> {
      return new Promise(() => {});
    }
  })({ durable: true });
  const bench = new Bench({ store });
  bench.engine.post({ type: "start" });
  await bench.reach("waiting");
  bench.due();
  bench.wire.open();
  await until("a write to wait for", () => bench.clock.pending > 1);
  bench.clock.advance(10_000);
  await until("the hello", () => bench.wire.last("hello") !== undefined);
  assert.deepEqual(bench.problems.map((p) => p.code), ["storage"]);
  bench.crash();
});

Deno.test("[SDK-5] a store that does not close in time holds up neither the client's end nor the next leader", async () => {
  const store = new (class extends MemoryStore {
    override close(): Promise<void> {
      return new Promise(() => {});
    }
  })({ durable: true });
  const bench = new Bench({ store });
  await bench.online();
  await bench.quiet();
  let closed = false;
  const closing = bench.engine.close().then(() => closed = true);
  await until("the wait for the store", () => bench.clock.pending > 0);
  assert.equal(closed, false);
  bench.clock.advance(10_000);
  await closing;
});

Deno.test("[SDK-5] a store that answers too late has never two writes under way, and ends with what is true", async () => {
  const store = new SlowStore();
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  await bench.quiet();
  store.hold();
  sync(wire, { from: 0, to: 2, ops: [op(1), op(2)] });
  bench.report(bench.delivered[0]!, [1]);
  await until("the write", () => store.held === 1);
  bench.clock.advance(10_000);
  await until("the problem", () => bench.problems.length > 0);
  bench.report(bench.delivered[0]!, [2]);
  await until("the ack", () => wire.last("ack")?.id === 2);
  assert.equal(store.held, 1);
  const point = async () => JSON.parse((await store.load()).get("s/device/LOCK/") ?? "{}").point;
  store.release();
  await until("the late write", async () => await point() === 1);
  sync(wire, { scope: "global", from: 0, to: 7 });
  await bench.quiet();
  assert.equal(await point(), 2);
});

Deno.test("[SDK-5] an unreadable record costs one stream, not the installation", async () => {
  const store = new MemoryStore({ durable: true });
  await store.write({
    puts: [
      ["installation", JSON.stringify({ v: 1, deviceId: "d-1", seq: 5, epoch: "e-1" })],
      ["s/device/LOCK/", JSON.stringify({ scope: "device", biz: "LOCK", owner: "", epoch: "e-1", point: 7 })],
      ["s/global/CONF/", "{oops"],
      ["s/nowhere/X/", JSON.stringify({ scope: "nowhere", biz: "X", owner: "", epoch: "e-1", point: 7 })],
      ["k/device/LOCK/9/e-1/", JSON.stringify({ scope: "device", biz: "LOCK", op: { id: "nine" } })],
    ],
    deletes: [],
  });
  await using bench = new Bench({ store });
  const wire = await bench.hello();
  assert.deepEqual(wire.last("hello")?.points, [["device", "LOCK", 7]]);
  assert.equal(wire.last("hello")?.deviceId, "d-1");
  assert.deepEqual(bench.problems.map((p) => p.code), ["record"]);
});

Deno.test("[SDK-5] an unreadable record is told of once: it is deleted, whatever its key looks like", async () => {
  const store = new MemoryStore({ durable: true });
  const good = ["installation", JSON.stringify({ v: 1, deviceId: "d-1", seq: 5, epoch: "e-1" })] as const;
  const bad = ["k/device/LOCK/9/e-1/", "s/user/CHAT/50%/a%zz", "k/user/CHAT/x/%/u"].map((key) =>
    [key, "{oops"] as const
  );
  await store.write({ puts: [good, ...bad], deletes: [] });
  const first = new Bench({ store });
  await first.hello();
  await first.quiet();
  first.crash();
  assert.equal(first.problems.length, 3);
  assert.deepEqual([...(await store.load()).keys()], ["installation"]);
});

Deno.test("[SDK-5] a burst of reports costs few writes", async () => {
  const store = new SlowStore();
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  await bench.quiet();
  const before = store.writes;
  sync(wire, { from: 0, to: 100, ops: Array.from({ length: 100 }, (_, i) => op(i + 1)) });
  for (let id = 1; id <= 100; id++) bench.report(bench.delivered[0]!, [id]);
  await bench.quiet();
  assert.equal(wire.last("ack")?.id, 100);
  assert.ok(store.writes - before <= 3, `${store.writes - before} writes`);
});

Deno.test("[SDK-5] a browser that throws at whoever looks for IndexedDB: an error, and the client works from memory", async () => {
  const found = Object.getOwnPropertyDescriptor(globalThis, "indexedDB");
  const get = () => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };
  Object.defineProperty(globalThis, "indexedDB", { configurable: true, get });
  try {
    const t = testPlatform();
    await using client = new SyncClient({ ...t.options, webSocket: t.wires.webSocket }, browserPlatform);
    const problems: string[] = [];
    client.on("problem", (p) => problems.push(p.code));
    await t.connect();
    assert.deepEqual(problems, ["storage"]);
  } finally {
    if (found) Object.defineProperty(globalThis, "indexedDB", found);
    else Reflect.deleteProperty(globalThis, "indexedDB");
  }
});
