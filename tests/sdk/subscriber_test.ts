import assert from "node:assert/strict";
import { SyncClient } from "../../sdk/client.ts";
import { type LeadEvents, TabLead } from "../../sdk/platform/lead.ts";
import { acked, sync } from "./support/batches.ts";
import { testPlatform } from "./support/platform.ts";
import { fakeChannels, FakeLocks } from "./support/tabs.ts";
import { until } from "./support/until.ts";
import { op } from "./support/wire.ts";

Deno.test("[DLV-8] what waits in the queue of a tab that lost the lead is left to the tab that has it", async () => {
  const t = testPlatform(), locks = new FakeLocks(), channels = fakeChannels();
  const lead = (name: string, events: LeadEvents) => new TabLead(name, { locks, channel: channels.make(), events });
  const tab = () => new SyncClient(t.options, { ...t.platform, lead });
  await using one = tab();
  const seen: string[] = [], gates: (() => void)[] = [];
  one.subscribe("LOCK", async (m) => {
    seen.push(`one ${m.messageId}`);
    await new Promise<void>((resolve) => gates.push(resolve));
  });
  const wire = await t.connect();
  sync(wire, 0, [{ id: 1 }, { id: 2 }]);
  // Sent once, to this tab: nobody else will get it.
  wire.say({ type: "sync", batches: [{ scope: "device", biz: "LOCK", ops: [{ id: 0, mid: "once", at: 1, pl: "" }] }] });
  await until("the first", () => gates.length === 1);
  await using two = tab();
  two.subscribe("LOCK", (m) => void seen.push(`two ${m.messageId}`));
  one.background();
  const next = await t.connect();
  assert.equal(one.status, "standby");
  sync(next, 0, [{ id: 1 }, { id: 2 }]);
  await until("the ack of the second tab", () => acked(next) === 2);
  gates[0]!();
  await until("what comes after the first", () => gates.length === 2);
  gates[1]!();
  assert.deepEqual(seen, ["one m-1", "two m-1", "two m-2", "one once"]);
});

Deno.test("[SES-1] after a logout in a handler nothing of that user follows, not even from the same frame", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const seen: string[] = [];
  client.subscribe("CHAT", (m) => {
    seen.push(`CHAT ${m.id}`);
    if (m.id === 1) client.logout();
  });
  for (const biz of ["MAIL", "LOCK"]) client.subscribe(biz, (m) => void seen.push(`${biz} ${m.id}`));
  const user = { userId: "u1", sessionId: "s" };
  client.login(user);
  const wire = await t.connect();
  const chat = { scope: "user", biz: "CHAT", from: 0, to: 1, ops: [op(1)] } as const;
  const mail = { scope: "user", biz: "MAIL", from: 0, to: 1, ops: [op(1)] } as const;
  const lock = { scope: "device", biz: "LOCK", from: 0, to: 1, ops: [op(1)] } as const;
  const say = (...batches: unknown[]) => wire.say({ type: "sync", batches } as never);
  say(chat, mail, lock);
  assert.deepEqual(seen, ["CHAT 1", "LOCK 1"]);
  client.login(user);
  wire.say({ type: "bound", n: wire.last("bind")!.n, userId: "u1" });
  say(mail);
  assert.deepEqual(seen, ["CHAT 1", "LOCK 1", "MAIL 1"]);
});

Deno.test("[SES-1] [SDK-4] the first of many kept messages logs the user out: the others wait for the next login", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const seen: number[] = [];
  const user = { userId: "u1", sessionId: "s" };
  client.login(user);
  const wire = await t.connect();
  const ops = Array.from({ length: 150 }, (_, i) => op(i + 1));
  wire.say({ type: "sync", batches: [{ scope: "user", biz: "CHAT", from: 0, to: 150, ops }] });
  await until("the ack", () => acked(wire) === 150);
  client.subscribe("CHAT", (m) => {
    seen.push(m.id);
    if (m.id === 1) client.logout();
  });
  assert.deepEqual(seen, [1]);
  client.login(user);
  assert.deepEqual(seen, ops.map((o) => o.id));
});

Deno.test("[DLV-8] [DLV-1] a handler that gives way to another in its midst: that one has each message once, in order", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const seen: string[] = [];
  const end = client.subscribe("LOCK", (m) => {
    seen.push(`one ${m.id}`);
    end();
    client.subscribe("LOCK", (m) => void seen.push(`two ${m.id}`));
  });
  const wire = await t.connect();
  const batch = { scope: "device", biz: "LOCK" } as const;
  wire.say({
    type: "sync",
    batches: [{ ...batch, from: 0, to: 1, ops: [op(1)] }, { ...batch, from: 1, to: 2, ops: [op(2)] }],
  });
  // The first had not returned when it ended: its message is the next one's too.
  assert.deepEqual(seen, ["one 1", "two 1", "two 2"]);
});

Deno.test("[DLV-8] [SDK-3] manual: what was handed over and not received comes again at the server's retry, until it is", async () => {
  const t = testPlatform();
  await using client = new SyncClient(t.options, t.platform);
  const seen: { id: number; received(): void }[] = [], gates: (() => void)[] = [];
  client.subscribe("LOCK", async (m) => {
    seen.push(m);
    await new Promise<void>((resolve) => gates.push(resolve));
  }, { manual: true });
  const wire = await t.connect();
  const retry = () =>
    wire.say({ type: "sync", batches: [{ scope: "device", biz: "LOCK", from: 2, to: 2, ops: [op(1), op(2)] }] });
  const ids = () => seen.map((m) => m.id);
  const handled = async () => {
    const { length } = seen;
    gates.at(-1)!();
    await until("the next", () => seen.length > length);
  };
  sync(wire, 0, [{ id: 1 }, { id: 2 }]);
  retry();
  await handled();
  assert.deepEqual(ids(), [1, 2], "while it waits or is in the handler, once");
  retry();
  await handled();
  assert.deepEqual(ids(), [1, 2, 1]);
  // The second waits for the third time when it is received.
  retry();
  seen[1]!.received();
  seen[0]!.received();
  await until("the ack", () => acked(wire) === 2);
  gates.at(-1)!();
  await new Promise((resolve) => setTimeout(resolve));
  retry();
  assert.deepEqual(ids(), [1, 2, 1]);
});
