import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { makeConfig } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { ids } from "./shared.ts";

const BIZ = "GLOBAL-SDK-CONFIG";

/** Pushes for everybody, and nobody is told. */
async function pushUnheard(server: TestServer, bizType = BIZ): Promise<void> {
  const { registry } = server.services;
  registry.deliver = () => false;
  await server.pushGlobal({ bizType });
  Reflect.deleteProperty(registry, "deliver");
}

Deno.test("[GLB-2] [STR-3] a global push whose hint was lost comes to those whose foreground or bind followed it, and to no others", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "NEWS", scope: "global" });
  await using before = await RawClient.connect(server, { deviceId: "d-before", user: user("u-1") });
  await using later = await RawClient.connect(server, { deviceId: "d-later" });
  await before.settled();
  await pushUnheard(server);
  await pushUnheard(server, "NEWS");
  await using connected = await RawClient.connect(server, { deviceId: "d-connected", user: user("u-2") });
  later.send({ type: "foreground" });
  later.send({ type: "bind", n: 1, userId: "u-3", sessionId: "s", points: [] });
  await later.next("bound");
  await pushUnheard(server);
  await server.services.housekeeping.findLostHints();
  await connected.until(() => ids(connected, BIZ).length === 1 && ids(connected, "NEWS").length === 1);
  await later.until(() => ids(later, BIZ).length === 1 && ids(later, "NEWS").length === 1);
  await before.settled();
  assert.deepEqual([ids(before, BIZ), ids(before, "NEWS")], [[], []]);
  assert.deepEqual([ids(connected, BIZ), ids(later, BIZ)], [[1], [1]]);
  before.send({ type: "foreground" });
  later.send({ type: "foreground" });
  await before.until(() => ids(before, BIZ).length === 2 && ids(before, "NEWS").length === 1);
  await later.until(() => ids(later, BIZ).length === 2);
});

Deno.test("[GLB-2] [STR-3] a global push on another process comes within 5 s to whose foreground followed it here", async () => {
  await using one = await startServer();
  await using two = await startServer({ databaseUrl: one.databaseUrl });
  await using client = await RawClient.connect(two, { foreground: false });
  await one.pushGlobal();
  client.send({ type: "foreground" });
  await client.until(() => ids(client, BIZ).length === 1, 5_000);
});

Deno.test("[GLB-2] a session that went to the background waits for its next foreground", async () => {
  await using server = await startServer();
  await using client = await RawClient.connect(server);
  client.send({ type: "background" });
  await server.pushGlobal();
  await client.settled();
  assert.deepEqual(ids(client, BIZ), []);
  client.send({ type: "foreground" });
  await client.until(() => ids(client, BIZ).length === 1);
  await server.pushGlobal();
  await client.settled();
  assert.deepEqual(ids(client, BIZ), [1]);
});
