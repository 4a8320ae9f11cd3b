import assert from "node:assert/strict";
import { SyncClient } from "../../sdk/client.ts";
import { isBizType, isId, socketUrl } from "../../sdk/options.ts";
import { acked, sync } from "./support/batches.ts";
import { testPlatform } from "./support/platform.ts";
import { until } from "./support/until.ts";
import { op } from "./support/wire.ts";

Deno.test("[SDK-1] the address is made of what is known", () => {
  assert.equal(socketUrl("sync.example.com:8080", false), "ws://sync.example.com:8080/sync");
  assert.equal(socketUrl("sync.example.com", true), "wss://sync.example.com/sync");
  assert.equal(socketUrl("sync.example.com:443", false), "wss://sync.example.com:443/sync");
  assert.equal(socketUrl("https://sync.example.com/", false), "wss://sync.example.com/sync");
  assert.equal(socketUrl("http://[::1]:8080", true), "ws://[::1]:8080/sync");
  assert.equal(socketUrl("wss://a/b/sync?x=1", false), "wss://a/b/sync?x=1");
});

Deno.test("[SDK-1] ids and names are checked before they reach the wire", () => {
  for (const id of ["u", "李四", "\u{1F600}", "x".repeat(100)]) assert.equal(isId(id), true, id);
  for (const id of ["", "x".repeat(101), "a\nb", "a\u0000", "\ud800", "\u0085", 5, null]) assert.equal(isId(id), false);
  assert.equal(isBizType("TRADE-RESULT_1"), true);
  for (const biz of ["", "a b", "x".repeat(31), "é"]) assert.equal(isBizType(biz), false, biz);
});

Deno.test("[SDK-1] a client that does not know whom to connect to says so", () => {
  const { platform } = testPlatform();
  assert.throws(() => new SyncClient({}, platform), /needs config, or server and instanceId/);
  assert.throws(() => new SyncClient({ server: "x", instanceId: "i", deviceId: "" }, platform), /deviceId/);
});

Deno.test("[SDK-3] a handler that has returned has received; async ones run one after the other, in order", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const log: string[] = [];
  const gates: (() => void)[] = [];
  client.subscribe("LOCK", async (m) => {
    log.push(`start ${m.id}`);
    await new Promise<void>((resolve) => gates.push(resolve));
    log.push(`end ${m.id}`);
  });
  const wire = await t.connect();
  sync(wire, 0, [{ id: 1 }, { id: 2 }]);
  await until("the first", () => gates.length === 1);
  // Sent once more while it is in the app's hands: not handed over twice.
  wire.say({ type: "sync", batches: [{ scope: "device", biz: "LOCK", from: 2, to: 2, ops: [op(1), op(2)] }] });
  gates[0]!();
  await until("the second", () => gates.length === 2);
  await until("the first ack", () => acked(wire) === 1);
  gates[1]!();
  await until("the second ack", () => acked(wire) === 2);
  assert.deepEqual(log, ["start 1", "end 1", "start 2", "end 2"]);
});

Deno.test("[SDK-3] a handler that throws has not received: the message comes again at the server's retry", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const problems: string[] = [];
  client.on("problem", (p) => problems.push(p.code));
  const seen: number[] = [];
  client.subscribe("LOCK", (m) => {
    seen.push(m.id);
    if (seen.length === 1) throw new Error("not yet");
  });
  const wire = await t.connect();
  sync(wire, 0, [{ id: 1 }, { id: 2 }]);
  wire.say({ type: "sync", batches: [{ scope: "device", biz: "LOCK", from: 2, to: 2, ops: [op(1)] }] });
  await until("the ack", () => acked(wire) === 2);
  assert.deepEqual([seen, problems], [[1, 2, 1], ["callback"]]);
});

Deno.test("[SDK-2] payloads: text as it is, bytes, or what a schema makes of their JSON; what does not fit is not received", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const raw: unknown[] = [], typed: number[] = [], problems: string[] = [];
  client.on("problem", (p) => problems.push(`${p.code}: ${p.message}`));
  client.subscribe("LOCK", (m) => void raw.push(m.payload));
  client.subscribe("NUM", (m) => void typed.push(m.payload), {
    schema: {
      parse(value: unknown) {
        if (typeof value !== "number") throw new Error("no number");
        return value;
      },
    },
  });
  const wire = await t.connect();
  sync(wire, 0, [{ id: 1, pl: '{"a":1}\u0000' }, { id: 2, pl: "AAH/", isB: true }]);
  sync(wire, 0, [{ id: 1, pl: "7" }, { id: 2, pl: "seven" }], "NUM");
  assert.deepEqual(raw, ['{"a":1}\u0000', new Uint8Array([0, 1, 255])]);
  assert.deepEqual([typed, problems], [[7], ["payload: Not received: NUM m-2"]]);
});

Deno.test("[SDK-3] async iteration: the message at which the loop is left is not received, those before are", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const seen: number[] = [];
  const loop = (async () => {
    for await (const m of client.messages("LOCK")) {
      seen.push(m.id);
      if (seen.length === 2) break;
    }
  })();
  const wire = await t.connect();
  sync(wire, 0, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  await loop;
  await until("the ack", () => acked(wire) === 1);
  assert.deepEqual(seen, [1, 2]);
  assert.throws(() => {
    client.subscribe("LOCK", () => {});
    client.subscribe("LOCK", () => {});
  }, /twice/);
});

Deno.test("[SDK-3] [DLV-1] what a loop that was left had not taken comes to the next one at once, before newer ones", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const seen: number[] = [];
  const loop = async (until: number) => {
    for await (const m of client.messages("LOCK")) {
      seen.push(m.id);
      if (m.id === until) break;
    }
  };
  const first = loop(2);
  const wire = await t.connect();
  sync(wire, 0, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  await first;
  const second = loop(4);
  sync(wire, 3, [{ id: 4 }]);
  await second;
  assert.deepEqual(seen, [1, 2, 2, 3, 4]);
});

Deno.test("[SDK-3] a handler may return anything that can be waited for: received is what it has done, not what it began", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const problems: string[] = [];
  client.on("problem", (p) => problems.push(p.code));
  const work: { done: () => void; failed: (cause: Error) => void }[] = [];
  // As query builders do: no Promise, but a then.
  const query = () => ({ then: (done: () => void, failed: (cause: Error) => void) => work.push({ done, failed }) });
  client.subscribe("LOCK", query);
  const wire = await t.connect();
  sync(wire, 0, [{ id: 1 }, { id: 2 }]);
  await until("the first", () => work.length === 1);
  assert.equal(acked(wire), undefined);
  work[0]!.done();
  await until("the ack", () => acked(wire) === 1);
  await until("the second", () => work.length === 2);
  work[1]!.failed(new Error("disk"));
  await until("the problem", () => problems.length === 1);
  assert.deepEqual([problems, acked(wire)], [["callback"], 1]);
});

Deno.test("[SDK-1] a client that is closed says so once, and nothing waits for it", async () => {
  const t = testPlatform();
  const client = new SyncClient(t.options, t.platform);
  const statuses: string[] = [];
  client.on("status", ({ status, reason }) => statuses.push(`${status} ${reason}`.trim()));
  client.subscribe("LOCK", () => {});
  const wire = await t.connect();
  // Its report is being stored while the client is closed.
  sync(wire, 0, [{ id: 1 }]);
  await client.close();
  await client.close();
  assert.deepEqual(statuses.slice(statuses.indexOf("connected")), ["connected", "stopped closed"]);
  for await (const _ of client.messages("CHAT"));
});

Deno.test("[SDK-1] AbortSignals end a subscription, an iteration and the client", async () => {
  const t = testPlatform();
  const all = new AbortController(), one = new AbortController(), two = new AbortController();
  const client = new SyncClient({ ...t.options, signal: all.signal }, t.platform);
  client.subscribe("LOCK", () => {}, { signal: one.signal });
  one.abort();
  client.subscribe("LOCK", () => {});
  const ended = (async () => {
    for await (const _ of client.messages("CHAT", { signal: two.signal }));
    for await (const _ of client.messages("CHAT"));
    return true;
  })();
  const wire = await t.connect();
  two.abort();
  await until("connected", () => client.status === "connected");
  all.abort();
  assert.equal(await ended, true);
  assert.deepEqual([client.status, wire.closedBy?.code], ["stopped", 1000]);
  await client.close();
});

Deno.test("[SDK-6] the page's visibility is followed, unless the app does it itself", async () => {
  for (const followVisibility of [true, false]) {
    const t = testPlatform();
    await using client = new SyncClient({ ...t.options, followVisibility }, t.platform);
    const statuses: string[] = [];
    client.on("status", ({ status }) => statuses.push(status));
    const wire = await t.connect();
    t.watch!.visible(false);
    assert.equal(wire.closedBy !== null, followVisibility);
    assert.equal(client.status, followVisibility ? "background" : "connected");
    t.watch!.visible(true);
    client.background();
    assert.equal(client.status, "background");
    assert.deepEqual(statuses.filter((s, i) => s !== statuses[i - 1]), statuses);
  }
});

Deno.test("[SES-1] what waits in the app's queue for a former user is not shown after the change, and comes again for them", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const seen: string[] = [];
  const gates: (() => void)[] = [];
  client.subscribe("CHAT", async (m) => {
    seen.push(`${m.userId} ${m.id}`);
    await new Promise<void>((resolve) => gates.push(resolve));
  });
  client.login({ userId: "u1", sessionId: "s" });
  const wire = await t.connect();
  const batch = { scope: "user", biz: "CHAT", from: 0, to: 2, ops: [op(1), op(2)] } as const;
  wire.say({ type: "sync", batches: [{ ...batch, ops: [...batch.ops] }] });
  await until("the first", () => gates.length === 1);
  client.login({ userId: "u2", sessionId: "s" });
  wire.say({ type: "bound", n: 1, userId: "u2" });
  gates[0]!();
  wire.say({ type: "sync", batches: [{ scope: "user", biz: "CHAT", from: 0, to: 9, ops: [op(9)] }] });
  await until("the second user's", () => seen.length === 2);
  gates[1]!();
  client.login({ userId: "u1", sessionId: "s" });
  wire.say({ type: "bound", n: 2, userId: "u1" });
  await until("the report of the first to be told", () => wire.last("bind")?.points[0]?.[2] === 1);
  wire.say({ type: "sync", batches: [{ scope: "user", biz: "CHAT", from: 1, to: 2, ops: [op(2)] }] });
  await until("the one that was dropped", () => seen.length === 3);
  assert.deepEqual(seen, ["u1 1", "u2 9", "u1 2"]);
});
