import assert from "node:assert/strict";
import { type Lead, type LeadEvents, TabLead } from "../../sdk/platform/lead.ts";
import { MemoryStore } from "../../sdk/stores/memory.ts";
import { Bench } from "./support/bench.ts";
import { FakeClock } from "./support/fake_clock.ts";
import { SlowStore } from "./support/stores.ts";
import { fakeChannels, FakeLocks } from "./support/tabs.ts";
import { until } from "./support/until.ts";
import { op, type Wire } from "./support/wire.ts";

const sync = (wire: Wire, from: number, ids: number[]) =>
  wire.say({
    type: "sync",
    batches: [{ scope: "device", biz: "LOCK", from, to: ids.at(-1)!, ops: ids.map((id) => op(id)) }],
  });

/** A browser whose tabs share a store, locks, a channel and the time. */
function browser() {
  const locks = new FakeLocks(), channels = fakeChannels();
  const store = new MemoryStore({ durable: true }), clock = new FakeClock();
  const tab = () => {
    const channel = channels.make();
    const bench = new Bench({ store, clock, lead: (events) => new TabLead("n", { locks, channel, events }) });
    bench.engine.post({ type: "register", biz: "LOCK" });
    return Object.assign(bench, { channel });
  };
  return { tab };
}

Deno.test("[SDK-5] of two tabs one leads; the other waits and follows with the same device when it closes", async () => {
  const { tab } = browser();
  const one = tab();
  await using two = tab();
  const wire = await one.online();
  two.engine.post({ type: "start" });
  await until("the leader's answer", () => two.state === "standby");
  sync(wire, 0, [1, 2]);
  one.report(one.delivered[0]!);
  await one.quiet();
  await one.engine.close();
  const next = await two.online();
  assert.equal(next.last("hello")?.deviceId, wire.last("hello")?.deviceId);
  assert.ok(next.last("hello")!.seq > wire.last("hello")!.seq);
  assert.deepEqual(next.last("hello")?.points, [["device", "LOCK", 2]]);
  sync(next, 2, [3]);
  assert.deepEqual([one.ids, two.ids], [[1, 2], [3]]);
});

Deno.test("[SDK-5] a leader in the foreground keeps the lead, however long another waits", async () => {
  const { tab } = browser();
  await using one = tab();
  await using two = tab();
  await one.online();
  two.engine.post({ type: "start" });
  await until("the answer", () => two.engine.core.life.tag === "standby" && two.engine.core.life.stealAt === null);
  two.clock.advance(60_000);
  assert.deepEqual([one.engine.core.life.tag, two.state], ["leading", "standby"]);
});

Deno.test("[SDK-5] a leader that goes to the background hands over to the tab in front", async () => {
  const { tab } = browser();
  await using one = tab();
  await using two = tab();
  const wire = await one.online();
  two.engine.post({ type: "start" });
  await until("standby", () => two.state === "standby");
  sync(wire, 0, [1]);
  one.report(one.delivered[0]!);
  one.engine.post({ type: "background" });
  await two.online();
  assert.equal(one.state, "standby");
  assert.deepEqual(two.wire.last("hello")?.points, [["device", "LOCK", 1]]);
  // And back, when the first one is looked at again and the second is not.
  one.engine.post({ type: "foreground", asked: false });
  two.engine.post({ type: "background" });
  await one.online();
  assert.equal(two.state, "standby");
});

Deno.test("[SDK-5] a leader that is frozen loses the lead after 3 s and writes nothing when it thaws", async () => {
  const { tab } = browser();
  await using one = tab();
  await using two = tab();
  const wire = await one.online();
  sync(wire, 0, [1, 2]);
  one.report(one.delivered[0]!, [1]);
  await one.quiet();
  one.engine.post({ type: "background" });
  one.channel.frozen = true;
  two.engine.post({ type: "start" });
  await until("standby", () => two.state === "standby");
  assert.equal(two.state, "standby");
  two.clock.advance(3000);
  const next = await two.online();
  assert.deepEqual(next.last("hello")?.points, [["device", "LOCK", 1]]);
  await one.reach("standby");
});

Deno.test("[SDK-5] a hidden tab that is next in line passes the lead on to the one in front", async () => {
  const { tab } = browser();
  const one = tab();
  await using two = tab();
  await using three = tab();
  await one.online();
  two.engine.post({ type: "background" });
  for (const waits of [two, three]) waits.engine.post({ type: "start" });
  await until("the answer", () => three.engine.core.life.tag === "standby" && three.engine.core.life.stealAt === null);
  await one.engine.close();
  await three.online();
  assert.equal(two.state, "standby");
});

Deno.test("[SDK-1] the device id is known to a tab that waits for the lead, and to one that lost it", async () => {
  const { tab } = browser();
  await using one = tab();
  await using two = tab();
  const { deviceId } = (await one.online()).last("hello")!;
  two.engine.post({ type: "start" });
  await until("the answer", () => two.engine.deviceId === deviceId);
  one.engine.post({ type: "background" });
  await two.online();
  assert.deepEqual([one.state, one.engine.deviceId], ["standby", deviceId]);
});

Deno.test("[SDK-3] what a tab reports after it lost the lead reaches the one that leads", async () => {
  const { tab } = browser();
  await using one = tab();
  await using two = tab();
  const wire = await one.online();
  sync(wire, 0, [1, 2]);
  two.engine.post({ type: "start" });
  await until("standby", () => two.state === "standby");
  one.engine.post({ type: "background" });
  await two.online();
  one.report(one.delivered[0]!);
  await until("the report", () => two.engine.core.life.tag === "leading" && reported(two) === 2);
  sync(two.wire, 0, [1, 2]);
  assert.deepEqual(two.ids, []);
  await until("the ack", () => two.wire.last("ack")?.id === 2);
});

Deno.test("[SDK-3] a report made while nobody leads is applied by the tab that made it when it leads", async () => {
  const { tab } = browser();
  const one = tab();
  const wire = await one.online();
  sync(wire, 0, [1]);
  await one.quiet();
  one.engine.post({ type: "stop" });
  one.report(one.delivered[0]!);
  const next = await one.online();
  sync(next, 0, [1]);
  await until("the ack", () => next.last("ack")?.id === 1);
  assert.deepEqual(one.ids, [1]);
  await one.engine.close();
});

Deno.test("[SDK-3] a report that reaches a tab while it reads the records is applied when it has read them", async () => {
  let read: (() => void) | null = null;
  const store = new (class extends MemoryStore {
    override async load() {
      await new Promise<void>((resolve) => read = resolve);
      return await super.load();
    }
  })({ durable: true });
  await store.write({
    puts: [["installation", JSON.stringify({ v: 1, deviceId: "d", seq: 1, epoch: "e-1" })]],
    deletes: [],
  });
  await using bench = new Bench({ store });
  bench.engine.post({ type: "register", biz: "LOCK" });
  bench.engine.post({ type: "start" });
  await bench.reach("loading");
  const report = { biz: "LOCK", userId: "", ids: [1], key: "s/device/LOCK/", epoch: "e-1" };
  bench.engine.post({ type: "peer", message: { t: "report", report } });
  await until("the reading", () => read !== null);
  read!();
  const wire = await bench.online();
  sync(wire, 0, [1, 2]);
  assert.deepEqual(bench.ids, [2]);
  await until("the ack", () => wire.last("ack")?.id === 1);
});

Deno.test("[SDK-5] the lead is given back, asked for and stolen in this order, however long a write takes", async () => {
  const store = new SlowStore(), calls: string[] = [];
  let grant = () => {};
  const lead = (events: LeadEvents): Lead => {
    grant = () => events.granted();
    const call = (name: string) => () => void calls.push(name);
    return { acquire: call("acquire"), steal: call("steal"), release: call("release"), tell() {}, close() {} };
  };
  await using bench = new Bench({ store, lead });
  bench.engine.post({ type: "start" });
  await until("the wish", () => calls.length === 1);
  grant();
  await bench.reach("waiting");
  await bench.quiet();
  store.hold();
  bench.due();
  await until("a write that takes long", () => store.held === 1);
  bench.engine.post({ type: "background" });
  bench.engine.post({ type: "peer", message: { t: "want" } });
  bench.engine.post({ type: "foreground", asked: true });
  bench.clock.advance(3000);
  store.release();
  await until("the theft", () => calls.length === 4);
  assert.deepEqual(calls, ["acquire", "release", "acquire", "steal"]);
});

Deno.test("[SDK-5] who has the lead steals it from nobody; where locks are refused a tab leads for itself", async () => {
  const heard: string[] = [];
  const events = (name: string): LeadEvents => ({
    granted: () => heard.push(`${name} granted`),
    lost: () => heard.push(`${name} lost`),
    told() {},
  });
  const locks = new FakeLocks();
  const one = new TabLead("n", { locks, channel: null, events: events("one") });
  one.acquire();
  await until("the lead", () => heard.length === 1);
  one.steal();
  const two = new TabLead("n", { locks, channel: null, events: events("two") });
  two.acquire();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(heard, ["one granted"]);
  two.steal();
  await until("the theft", () => heard.length === 3);
  assert.deepEqual(heard.slice(1).sort(), ["one lost", "two granted"]);
  const refused = { request: () => Promise.reject(new Error("SecurityError")) };
  await using bench = new Bench({ lead: (events) => new TabLead("n", { locks: refused, channel: null, events }) });
  await bench.online();
  two.close();
});

function reported(bench: Bench): number {
  const { life } = bench.engine.core;
  return life.tag === "leading" ? life.ledger.streams.get("s/device/LOCK/")?.reported.size ?? 0 : 0;
}
