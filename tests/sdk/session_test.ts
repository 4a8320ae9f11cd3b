import assert from "node:assert/strict";
import { MemoryStore } from "../../sdk/stores/memory.ts";
import { Bench } from "./support/bench.ts";
import { op, welcome, type Wire } from "./support/wire.ts";

const sync = (wire: Wire, batch: Record<string, unknown>) =>
  wire.say({ type: "sync", batches: [{ scope: "user", biz: "CHAT", ops: [], ...batch } as never] });
const login = (bench: Bench, userId: string, sessionId = "s") =>
  bench.engine.post({ type: "login", userId, sessionId });
const acks = (wire: Wire) => wire.all("ack");
const stored = async (bench: Bench, key: string) => JSON.parse((await bench.store.load()).get(key) ?? "null");

Deno.test("[SES-1] the hello carries the user and the user's points; a login while it is on its way binds after it", async () => {
  await using bench = new Bench();
  login(bench, "u1");
  const wire = await bench.hello();
  assert.deepEqual(wire.last("hello")?.user, { userId: "u1", sessionId: "s", points: [] });
  login(bench, "u1", "s-new");
  assert.equal(wire.all("bind").length, 0);
  wire.say(welcome());
  assert.deepEqual(wire.last("bind"), { type: "bind", n: 1, userId: "u1", sessionId: "s-new", points: [] });
});

Deno.test("[SES-1] every login binds anew, also with the same ids", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  login(bench, "u1");
  login(bench, "u1");
  assert.deepEqual(wire.all("bind").map((b) => b.n), [1, 2]);
});

Deno.test("[SES-1] batches of user scopes are dropped from the bind to its own answer, and device batches are not", async () => {
  await using bench = new Bench();
  login(bench, "u1");
  bench.engine.post({ type: "register", biz: "CHAT" });
  bench.engine.post({ type: "register", biz: "LOCK" });
  const wire = await bench.online();
  login(bench, "u2");
  login(bench, "u3");
  sync(wire, { from: 0, to: 5, ops: [op(5, "for u1")] });
  wire.say({ type: "bound", n: 1, userId: "u2" });
  sync(wire, { from: 0, to: 6, ops: [op(6, "for u2")] });
  sync(wire, { scope: "device", biz: "LOCK", from: 0, to: 1, ops: [op(1)] });
  assert.deepEqual(bench.delivered.map((d) => d.biz), ["LOCK"]);
  wire.say({ type: "bound", n: 2, userId: "u3" });
  sync(wire, { from: 0, to: 7, ops: [op(7, "for u3")] });
  assert.deepEqual(bench.delivered.map((d) => [d.userId, d.ops[0]?.pl]).at(-1), ["u3", "for u3"]);
});

Deno.test("[SES-1] after a bind nothing is acked for the former user, but the report is stored and told at the next login", async () => {
  await using bench = new Bench();
  login(bench, "u1");
  bench.engine.post({ type: "register", biz: "CHAT" });
  const wire = await bench.online();
  sync(wire, { from: 0, to: 5, ops: [op(5)] });
  await bench.quiet();
  const before = acks(wire).length;
  login(bench, "u2");
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  wire.say({ type: "bound", n: 1, userId: "u2" });
  assert.equal(acks(wire).length, before);
  assert.equal((await stored(bench, "s/user/CHAT/u1")).point, 5);
  login(bench, "u1");
  assert.deepEqual(wire.last("bind")?.points, [["user", "CHAT", 5]]);
});

Deno.test("[SES-1] unbind ends the user's streams on this session at once", async () => {
  await using bench = new Bench();
  login(bench, "u1");
  bench.engine.post({ type: "register", biz: "CHAT" });
  const wire = await bench.online();
  bench.engine.post({ type: "logout" });
  assert.deepEqual(wire.last("unbind"), { type: "unbind", n: 1 });
  sync(wire, { from: 0, to: 5, ops: [op(5)] });
  wire.say({ type: "bound", n: 1, userId: null });
  sync(wire, { from: 0, to: 6, ops: [op(6)] });
  assert.deepEqual(bench.ids, []);
});

Deno.test("[SES-1] two users of one device have points of their own", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "CHAT" });
  login(bench, "u1");
  const wire = await bench.online();
  sync(wire, { from: 0, to: 5, ops: [op(5)] });
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  login(bench, "u2");
  assert.deepEqual(wire.last("bind")?.points, []);
  wire.say({ type: "bound", n: 1, userId: "u2" });
  sync(wire, { from: 0, to: 3, ops: [op(3)] });
  assert.deepEqual(bench.delivered.map((d) => d.userId), ["u1", "u2"]);
});

Deno.test("[SES-4] the verdict is told, and told again when it changes", async () => {
  await using bench = new Bench();
  login(bench, "u1");
  const wire = await bench.hello();
  wire.say(welcome("e-1", { user: { userId: "u1", consistency: "unknown" } }));
  wire.say({ type: "bound", userId: "u1", consistency: "valid" });
  assert.deepEqual(bench.consistency, ["u1 unknown", "u1 valid"]);
});

async function withHistory(): Promise<MemoryStore> {
  const store = new MemoryStore({ durable: true });
  const bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "CHAT" });
  bench.engine.post({ type: "register", biz: "LOCK" });
  login(bench, "u1");
  const wire = await bench.online("e-1");
  sync(wire, { from: 0, to: 41, ops: [op(40), op(41)] });
  sync(wire, { scope: "device", biz: "LOCK", from: 0, to: 12, ops: [op(12)] });
  for (const d of bench.delivered) bench.report(d);
  await bench.quiet();
  await bench.engine.close();
  return store;
}

Deno.test("[PT-3] reset under the same epoch: listed points are taken, others go to 0, ids up to the point stay known", async () => {
  await using bench = new Bench({ store: await withHistory() });
  bench.engine.post({ type: "register", biz: "CHAT" });
  bench.engine.post({ type: "register", biz: "LOCK" });
  login(bench, "u1");
  const wire = await bench.online("e-1");
  assert.deepEqual(wire.last("hello")?.user?.points, [["user", "CHAT", 41]]);
  wire.say({ type: "reset", epoch: "e-1", points: [["user", "CHAT", 40]] });
  sync(wire, { from: 40, to: 41, ops: [op(41, "new 41")] });
  sync(wire, { late: true, ops: [op(40)] });
  sync(wire, { scope: "device", biz: "LOCK", from: 0, to: 12, ops: [op(12, "new 12")] });
  assert.deepEqual(bench.delivered.map((d) => d.ops.map((o) => o.pl)), [["new 41"], ["new 12"]]);
  await bench.quiet();
  // 40 was reported before and is acked again; 41 and 12 wait for the app.
  assert.deepEqual(acks(wire).filter((a) => a.ids), [{ type: "ack", scope: "user", biz: "CHAT", ids: [40] }]);
  assert.deepEqual((await stored(bench, "s/user/CHAT/u1")).point, 40);
});

Deno.test("[PT-3] a write that was under way at the reset is not credited after it", async () => {
  await using bench = new Bench({ store: await withHistory() });
  bench.engine.post({ type: "register", biz: "CHAT" });
  login(bench, "u1");
  const wire = await bench.online("e-1");
  sync(wire, { from: 41, to: 50, ops: [op(50)] });
  bench.report(bench.delivered[0]!);
  wire.say({ type: "reset", epoch: "e-1", points: [["user", "CHAT", 40]] });
  sync(wire, { from: 40, to: 50, ops: [op(45), op(50)] });
  await bench.quiet();
  const beyond = acks(wire).filter((a) => (a.id ?? 0) > 44 || a.ids);
  assert.deepEqual(beyond, []);
});

Deno.test("[PT-3] under another epoch all users' points and reported ids are dropped", async () => {
  const store = await withHistory();
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "CHAT" });
  login(bench, "u1");
  const wire = await bench.online("e-2");
  assert.equal(wire.last("hello")?.epoch, "e-1");
  wire.say({ type: "reset", epoch: "e-2", points: [] });
  sync(wire, { from: 0, to: 41, ops: [op(41, "other 41")] });
  assert.deepEqual(bench.delivered.map((d) => d.ops[0]?.pl), ["other 41"]);
  await bench.quiet();
  assert.equal((await stored(bench, "installation")).epoch, "e-2");
  assert.equal((await stored(bench, "s/device/LOCK/")).point, 0);
  assert.deepEqual((await stored(bench, "s/user/CHAT/u1")).reported, []);
});

Deno.test("[PT-3] records written under another epoch are void, even if a crash left them", async () => {
  const store = await withHistory();
  const installation = JSON.parse((await store.load()).get("installation")!);
  await store.write({ puts: [["installation", JSON.stringify({ ...installation, epoch: "e-2" })]], deletes: [] });
  await using bench = new Bench({ store });
  login(bench, "u1");
  const wire = await bench.online("e-2");
  assert.deepEqual(wire.last("hello")?.points, []);
  assert.deepEqual(wire.last("hello")?.user?.points, []);
});

Deno.test("[PT-3] a report of a message from a former epoch says nothing about the ids of this one", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "register", biz: "CHAT" });
  login(bench, "u1");
  const first = await bench.online("e-1");
  sync(first, { from: 0, to: 5, ops: [op(5)] });
  first.cut();
  const second = await bench.online("e-2");
  bench.report(bench.delivered[0]!);
  await bench.quiet();
  sync(second, { from: 0, to: 5, ops: [op(5, "other 5")] });
  assert.deepEqual(bench.delivered.at(-1)?.ops.map((o) => o.pl), ["other 5"]);
  await bench.quiet();
  assert.deepEqual(acks(second).at(-1)?.id, 4);
});

Deno.test("[SDK-5] the seq is above the last one, at least the clock, and stored before the hello", async () => {
  const store = new MemoryStore({ durable: true });
  await store.write({
    puts: [["installation", JSON.stringify({ v: 1, deviceId: "d", seq: 1_900_000_000_000, epoch: null })]],
    deletes: [],
  });
  await using bench = new Bench({ store });
  const first = await bench.hello();
  assert.equal(first.last("hello")?.seq, 1_900_000_000_001);
  assert.equal((await stored(bench, "installation")).seq, 1_900_000_000_001);
  first.cut();
  const second = await bench.hello();
  assert.equal(second.last("hello")?.seq, 1_900_000_000_002);
  assert.equal(second.last("hello")?.deviceId, "d");
});

Deno.test("[SDK-5] another device id than the stored one starts with no points", async () => {
  await using bench = new Bench({ store: await withHistory(), deviceId: "mine" });
  const wire = await bench.hello();
  assert.equal(wire.last("hello")?.deviceId, "mine");
  assert.deepEqual(wire.last("hello")?.points, []);
  assert.equal(wire.last("hello")?.epoch, undefined);
});
