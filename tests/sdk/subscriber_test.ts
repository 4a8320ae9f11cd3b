import assert from "node:assert/strict";
import { SyncClient } from "../../sdk/client.ts";
import { type LeadEvents, TabLead } from "../../sdk/platform/lead.ts";
import { acked, sync } from "./support/batches.ts";
import { testPlatform } from "./support/platform.ts";
import { fakeChannels, FakeLocks } from "./support/tabs.ts";
import { until } from "./support/until.ts";

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
