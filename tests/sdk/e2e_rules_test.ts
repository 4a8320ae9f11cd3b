import assert from "node:assert/strict";
import { MemoryStore } from "../../sdk/server.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { FAST, open } from "./support/opened.ts";
import { until } from "./support/until.ts";

const API = "/api/instances/default_demo";

const user = { userId: "u-1", sessionId: "s-1" };

async function states(server: TestServer): Promise<string[]> {
  const page = await (await server.admin("GET", `${API}/pushes?userId=u-1`)).json();
  return page.items.map((p: { state: string }) => p.state).reverse();
}

Deno.test("[FLT-3] an op held back for the app's version comes late after the upgrade, once, and is acknowledged", async () => {
  await using server = await startServer();
  const store = new MemoryStore({ durable: true });
  await server.push({ payload: "for all" });
  await server.push({ payload: "for 2.0", appMinVersion: "2.0" });
  await server.push({ payload: "for all again" });
  {
    await using old = open(server, { store, deviceId: "d", appVersion: "1.9" });
    old.client.login(user);
    await until("both", () => old.seen.length === 2);
    assert.deepEqual(old.seen, ["for all", "for all again"]);
    await until("arrived", async () => (await states(server)).filter((s) => s === "arrived").length === 2);
  }
  for (const expected of [["for 2.0 late"], []]) {
    await using upgraded = open(server, { store, deviceId: "d", appVersion: "2.0" });
    upgraded.client.login(user);
    await upgraded.connected();
    await server.push({ payload: "the end" });
    await until("the end", () => upgraded.seen.includes("the end"));
    assert.deepEqual(upgraded.seen, [...expected, "the end"]);
    await until("arrived", async () => (await states(server)).every((s) => s === "arrived"));
  }
});

Deno.test("[DEV-2] single device: what the newer device did not take comes to the older one, and no push twice", async () => {
  await using server = await startServer();
  const biz = ["TRADE-RESULT"];
  const push = (payload: string) => server.push({ bizType: "TRADE-RESULT", payload });
  await using one = open(server, { deviceId: "d-1", biz });
  one.client.login(user);
  await one.connected();
  await push("a");
  await until("a", () => one.seen.length === 1);
  const two = open(server, { deviceId: "d-2", biz, receive: false });
  two.client.login(user);
  await two.connected();
  await until("the newer one to be asked", async () => {
    await push("b");
    return two.seen.length > 0;
  });
  const before = two.seen.length;
  two.held[0]!.received();
  await two.client.close();
  await push("c");
  await until("c", () => one.seen.includes("c"));
  const all = [...one.seen.map((s) => s.replace(" late", ""))];
  assert.equal(all.filter((s) => s === "c").length, 1);
  assert.ok(before >= 1);
  await until("everything arrived", async () => (await states(server)).every((s) => s === "arrived"));
});

Deno.test("[DLV-4] [DLV-6] what is not reported comes again, and after the last retry it is gone and later ones go on", async () => {
  await using server = await startServer({
    env: { ACK_TIMEOUT_MS: "100", ACK_TIMEOUT_MAX_MS: "200", MAX_RETRIES: "2" },
  });
  const { MPFramework } = await import("../../sdk/mp_framework.ts");
  const { createMPSync } = await import("../../sdk/mp_sync.ts");
  const { serverPlatform } = await import("../../sdk/platform/server.ts");
  const sdk = createMPSync(serverPlatform);
  const handed: number[] = [];
  MPFramework.create();
  MPFramework.instance.userId = "u-1";
  const store = new MemoryStore({ durable: true });
  sdk.setup({ server: server.url, instanceId: "default_demo", store, timing: FAST });
  sdk.registerBiz("UCHAT", {
    onReceiveMessage(message) {
      const ids = JSON.parse(message.msgData).map((item: { id: number }) => item.id);
      handed.push(...ids);
      // The app never takes the first one.
      if (!ids.includes(1)) sdk.reportMsgReceived(message);
    },
  });
  sdk.updateUserInfo("s-1");
  sdk.initialize();
  await until("connected", () => sdk.isConnected());
  await server.push({ payload: "poison" });
  await until("handed over", () => handed.length === 1);
  await server.push({ payload: "good" });
  await until("both states", async () => {
    const now = await states(server);
    return now[0] === "discarded" && now[1] === "arrived";
  });
  assert.deepEqual(handed.filter((id) => id === 2), [2]);
  assert.equal(handed.filter((id) => id === 1).length, 3);
  // The point has passed it: the next connection is not asked for it again.
  await until("the point", async () => JSON.parse((await store.load()).get("s/user/UCHAT/u-1") ?? "{}").point === 2);
  await sdk.shutdown();
});

Deno.test("[PT-3] points of another epoch, or above the log, are taken back by the server's reset", async () => {
  await using server = await startServer();
  for (const change of [{ epoch: "of another database", point: 1 }, { point: 500 }]) {
    const store = new MemoryStore({ durable: true });
    const deviceId = `d-${change.point}`;
    {
      await using first = open(server, { store, deviceId });
      first.client.login(user);
      await first.connected();
      await server.push({ payload: "seed" });
      await until("received", () => first.seen.includes("seed"));
    }
    const installation = JSON.parse((await store.load()).get("installation")!);
    const stream = JSON.parse((await store.load()).get("s/user/UCHAT/u-1")!);
    const { epoch = installation.epoch, point } = change;
    await store.write({
      puts: [
        ["installation", JSON.stringify({ ...installation, epoch })],
        ["s/user/UCHAT/u-1", JSON.stringify({ ...stream, epoch, point, reported: [point], floor: 0 })],
      ],
      deletes: [],
    });
    await using again = open(server, { store, deviceId });
    again.client.login(user);
    await again.connected();
    await server.push({ payload: `after ${point}` });
    await until("the new one", () => again.seen.includes(`after ${point}`));
    await until("the store to follow", async () => {
      const stored = JSON.parse((await store.load()).get("s/user/UCHAT/u-1")!);
      return stored.epoch === JSON.parse((await store.load()).get("installation")!).epoch && stored.point < 100;
    });
  }
});

Deno.test("[SDK-7] the server's refusals and goodbyes: unknown instance, kick, drain", async () => {
  await using server = await startServer();
  await using unknown = open(server, { instanceId: "no_such" });
  await until("stopped", () => unknown.client.status === "stopped");
  assert.deepEqual(unknown.problems, [4404]);
  await using client = open(server, { deviceId: "d-1" });
  client.client.login(user);
  await client.connected();
  assert.equal((await server.admin("POST", `${API}/users/u-1/kick`)).ok, true);
  await until("kicked", () => client.client.status === "stopped");
  assert.deepEqual(client.problems, [4403]);
  client.client.foreground();
  await client.connected();
  const reasons: string[] = [];
  client.client.on("status", ({ status, reason }) => status === "connecting" && reasons.push(reason));
  await server.restart();
  await client.connected();
  assert.match(reasons[0] ?? "", /going-away retry-after-ms=\d+/);
  await server.push({ payload: "after the restart" });
  await until("received", () => client.seen.includes("after the restart"));
});

Deno.test("[CFG-4] offline is told as a command and stops delivery; online goes on from the same point", async () => {
  await using server = await startServer();
  await using one = open(server);
  one.client.login(user);
  await one.connected();
  await server.push({ payload: "a" });
  await until("a", () => one.seen.length === 1);
  await server.admin("POST", `${API}/configs/UCHAT/offline`);
  await until("the command", () => one.commands.includes("UCHAT offline"));
  assert.equal((await server.push({ payload: "refused" })).msg, "BIZ_NOT_ONLINE");
  await server.admin("POST", `${API}/configs/UCHAT/online`);
  await until("online", () => one.commands.includes("UCHAT online"));
  await server.push({ payload: "b" });
  await until("b", () => one.seen.length === 2);
  assert.deepEqual(one.seen, ["a", "b"]);
});

Deno.test("[PER-2] a config that is not persistent arrives live, with id 0, and is never repeated", async () => {
  await using server = await startServer();
  const config = { bizType: "TICK", description: "ticks", scope: "single", target: "user", multiDevice: true };
  const made = await server.admin("POST", `${API}/configs`, {
    ...config,
    persistent: false,
    retentionDays: 30,
    threshold: null,
    consistency: false,
  });
  assert.equal(made.ok, true);
  await using one = open(server, { biz: ["TICK"] });
  one.client.login(user);
  await one.connected();
  assert.equal((await server.push({ bizType: "TICK", payload: "1" })).msg, "SUCCESS");
  await until("it", () => one.seen.length === 1);
  one.client.background();
  await until("away", async () => (await server.push({ bizType: "TICK", payload: "2" })).msg === "NOT_ONLINE");
  one.client.foreground();
  await one.connected();
  await server.push({ bizType: "TICK", payload: "3" });
  await until("the third", () => one.seen.includes("3"));
  assert.deepEqual(one.seen, ["1", "3"]);
});
