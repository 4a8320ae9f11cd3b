import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { makeConfig, setStatus } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { askAt, startTenant, type TestTenant } from "../support/tenant.ts";
import { ackIds, ids, lateIds } from "./shared.ts";

const phone = (server: TestServer, userId = "u-1", hello: Parameters<typeof RawClient.connect>[1] = {}) =>
  RawClient.connect(server, { user: user(userId), ...hello });

const bind = (client: RawClient, n: number, userId: string, points: [string, string, number][] = []) =>
  client.send({ type: "bind", n, userId, sessionId: `s-${n}`, points });

/** The last verdict that the client was told. */
const told = (client: RawClient) =>
  client.frames.map((frame) =>
    frame.type === "bound" ? frame.consistency : "user" in frame ? frame.user?.consistency : ""
  )
    .findLast((consistency) => consistency);

/** A server whose config SAFE (multi-device), ONE (single-device) and NEWS (global) ask, and a tenant. */
async function safeServer(tenant: TestTenant | null, clock?: SteppableClock): Promise<TestServer> {
  const server = await startServer(clock ? { clock } : {});
  await makeConfig(server, { bizType: "SAFE", consistency: true });
  await makeConfig(server, { bizType: "ONE", consistency: true, multiDevice: false });
  await makeConfig(server, { bizType: "NEWS", consistency: true, scope: "global" });
  await askAt(server, tenant?.url ?? null);
  return server;
}

const ALL = ["SAFE", "ONE", "NEWS"];

async function pushAll(server: TestServer, linkToken = "u-1"): Promise<string[]> {
  const single = [server.push({ bizType: "SAFE", linkToken }), server.push({ bizType: "ONE", linkToken })];
  const answers = await Promise.all(single);
  await server.pushGlobal({ bizType: "NEWS" });
  return answers.map((answer) => answer.msg);
}

Deno.test("[SES-4] [SES-2] configs with consistency send to valid sessions only; others ignore the verdict", async () => {
  await using tenant = startTenant();
  await using server = await safeServer(tenant);
  tenant.says("u-bad", "invalid");
  tenant.says("u-odd", "unknown");
  for (const [userId, verdict] of [["u-1", "valid"], ["u-bad", "invalid"], ["u-odd", "unknown"]] as const) {
    await pushAll(server, userId);
    await server.push({ linkToken: userId });
    await using client = await phone(server, userId, { deviceId: `d-${userId}` });
    await client.until(() => told(client) === verdict && ids(client, "UCHAT").length === 1);
    const live = await pushAll(server, userId);
    client.send({ type: "foreground" });
    if (verdict === "valid") await client.until(() => ALL.every((biz) => ids(client, biz).length >= 2));
    await client.settled();
    const seen = ALL.map((biz) => ids(client, biz).length > 0);
    assert.deepEqual(seen, ALL.map(() => verdict === "valid"), userId);
    assert.deepEqual(live, verdict === "valid" ? ["SUCCESS", "SUCCESS"] : ["NOT_ONLINE", "NOT_ONLINE"], userId);
  }
});

Deno.test("[SES-4] without a URL nothing is sent of configs with consistency; with one the same sessions go on", async () => {
  await using tenant = startTenant();
  await using server = await safeServer(null);
  await pushAll(server);
  await server.push();
  await using client = await phone(server);
  await client.until(() => ids(client, "UCHAT").length === 1);
  await client.settled();
  assert.deepEqual(ALL.flatMap((biz) => ids(client, biz)), []);
  await askAt(server, tenant.url);
  await client.until(() => ALL.every((biz) => ids(client, biz).length === 1));
  assert.equal(told(client), "valid");
  await askAt(server, null);
  await client.until(() => told(client) === "unknown");
  assert.deepEqual(await pushAll(server), ["NOT_ONLINE", "NOT_ONLINE"]);
  await client.settled();
  assert.deepEqual(ALL.map((biz) => ids(client, biz)), [[1], [1], [1]]);
});

Deno.test("[SES-4] [SES-5] what was owed for want of a verdict is delivered when it becomes valid, with back-off while unknown", async () => {
  const clock = new SteppableClock();
  await using tenant = startTenant();
  await using server = await safeServer(tenant, clock);
  tenant.says("u-1", "unknown");
  await pushAll(server);
  await using client = await phone(server);
  await client.until(() => tenant.asked.length === 1);
  await client.settled();
  for (let asked = 2; asked < 4; asked++) {
    for (let step = 0; step < 80 && tenant.asked.length < asked; step++) {
      clock.advance(1_000);
      await client.settled();
    }
    assert.equal(tenant.asked.length, asked);
  }
  tenant.says("u-1", "valid");
  for (let step = 0; step < 80 && told(client) !== "valid"; step++) {
    clock.advance(1_000);
    await client.settled();
  }
  await client.until(() => ALL.every((biz) => ids(client, biz).length === 1));
  assert.deepEqual(ALL.flatMap((biz) => lateIds(client, biz)), []);
});

Deno.test("[SES-1] [SES-4] every bind asks anew; a hello may reuse a valid answer, and a verdict that is lost stops the streams", async () => {
  await using tenant = startTenant();
  await using server = await safeServer(tenant);
  await using client = await phone(server);
  await client.until(() => told(client) === "valid");
  await using _again = await phone(server, "u-1", { deviceId: "d-2" });
  await _again.until(() => told(_again) === "valid");
  assert.deepEqual(tenant.asked, ["u-1 s-u-1"], "the second hello reused the answer");
  tenant.says("u-1", "invalid");
  bind(client, 1, "u-1");
  await client.until(() => client.frames.some((frame) => frame.type === "bound" && frame.consistency === "invalid"));
  await pushAll(server);
  await _again.until(() => ids(_again, "SAFE").length === 1 && ids(_again, "ONE").length === 1);
  await client.settled();
  assert.deepEqual(ALL.flatMap((biz) => ids(client, biz)), []);
});

Deno.test("[DEV-2] [SES-4] a single-device op goes to the next session when its own loses the verdict, and its ack counts still", async () => {
  await using tenant = startTenant();
  await using server = await safeServer(tenant);
  await using a = await phone(server, "u-1", { deviceId: "d-a" });
  await using b = await phone(server, "u-1", { deviceId: "d-b" });
  await b.until(() => told(a) === "valid" && told(b) === "valid");
  for (let i = 0; i < 2; i++) await server.push({ bizType: "ONE" });
  await b.until(() => ids(b, "ONE").length === 2);
  // both sessions are asked about anew; only the one whose answer is held back has no verdict meanwhile
  const release = tenant.hold();
  await askAt(server, `${tenant.url}?changed`);
  await a.until(() => told(a) === "unknown" && told(b) === "unknown");
  // received before the verdict was lost, and acked now
  b.ack("ONE", 1);
  await b.settled();
  release();
  await a.until(() => ids(a, "ONE").length + ids(b, "ONE").length >= 3);
  await a.settled();
  await b.settled();
  const again = [...ids(a, "ONE"), ...ids(b, "ONE").slice(2)];
  assert.deepEqual(again, [2], "the acked one is gone, the other came once more");
  await server.services.recorder.flush();
  const rows = await server.services.sql`select id, device from arrival`;
  assert.deepEqual([...rows], [{ id: 1, device: "d-b" }]);
});

Deno.test("[DEV-2] [SES-4] an op taken back and sent late on the same session is settled by an ack of either copy", async () => {
  const clock = new SteppableClock();
  await using tenant = startTenant();
  await using server = await safeServer(tenant, clock);
  await using client = await phone(server);
  await client.until(() => told(client) === "valid");
  for (let i = 0; i < 2; i++) await server.push({ bizType: "ONE" });
  await client.until(() => ids(client, "ONE").length === 2);
  const release = tenant.hold();
  await askAt(server, `${tenant.url}?changed`);
  await client.until(() => told(client) === "unknown");
  release();
  await client.until(() => ids(client, "ONE").length === 4);
  assert.deepEqual(lateIds(client, "ONE"), [1, 2]);
  client.ack("ONE", 1);
  ackIds(client, "ONE", [2]);
  await client.settled();
  for (let step = 0; step < 3; step++) {
    clock.advance(20_000);
    await client.settled();
  }
  assert.equal(ids(client, "ONE").length, 4, "nothing is retried");
  await using other = await phone(server, "u-1", { deviceId: "d-2" });
  await server.push({ bizType: "ONE" });
  await other.until(() => ids(other, "ONE").length > 0);
  assert.deepEqual(ids(other, "ONE"), [3]);
});

Deno.test("[GLB-3] [GLB-2] a global push to users has a point per user and device, and waits for a bound user and the foreground", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "NEWS", scope: "global" });
  for (let i = 0; i < 2; i++) await server.pushGlobal({ bizType: "NEWS" });
  await using client = await RawClient.connect(server, { deviceId: "d-1" });
  await client.settled();
  assert.deepEqual(ids(client, "NEWS"), []);
  bind(client, 1, "u-1");
  await client.until(() => ids(client, "NEWS").length === 2);
  assert.deepEqual(client.batches("NEWS").map((batch) => batch.scope), ["globalUser"]);
  client.ack("NEWS", 2, "globalUser");
  await client.settled();
  await server.pushGlobal({ bizType: "NEWS" });
  await client.settled();
  assert.equal(ids(client, "NEWS").length, 2, "who is in the foreground now gets nothing now");
  // another user on the same device has a point of his own
  bind(client, 2, "u-2");
  await client.until(() => ids(client, "NEWS").length === 5);
  bind(client, 3, "u-1", [["globalUser", "NEWS", 2]]);
  await client.until(() => ids(client, "NEWS").length === 6);
  assert.deepEqual(ids(client, "NEWS").slice(5), [3]);
  await using away = await phone(server, "u-3", { deviceId: "d-2", foreground: false });
  await away.settled();
  assert.deepEqual(ids(away, "NEWS"), []);
  away.send({ type: "foreground" });
  await away.until(() => ids(away, "NEWS").length === 3);
  await server.services.recorder.flush();
  const points = await server.services.sql<{ subject: string; device: string; point: number }[]>`
    select subject, device, point from sync_point order by 1, 2`;
  assert.deepEqual([...points], [{ subject: "u-1", device: "d-1", point: 2 }]);
});

Deno.test("[GLB-2] a foreground that comes before the welcome sends nothing before it, and counts", async () => {
  await using server = await startServer();
  await server.pushGlobal();
  for (let round = 0; round < 10; round++) {
    await using client = await RawClient.open(server.syncUrl);
    client.hello({ deviceId: `d-${round}`, foreground: false, points: [["global", "GLOBAL-SDK-CONFIG", round % 2]] });
    client.send({ type: "foreground" });
    await client.next("welcome");
    if (round % 2 === 0) await client.until(() => ids(client, "GLOBAL-SDK-CONFIG").length === 1);
    await client.settled();
    assert.equal(client.frames[0]?.type, "welcome");
    assert.deepEqual(ids(client, "GLOBAL-SDK-CONFIG"), round % 2 === 0 ? [1] : []);
  }
});

Deno.test("[DEV-2] [SES-4] nothing is in flight any more when the ack of an op that was taken back comes before its second copy was written down", async () => {
  await using tenant = startTenant();
  await using server = await safeServer(tenant);
  const { recorder, sql } = server.services;
  await using client = await phone(server);
  await client.until(() => told(client) === "valid");
  await server.push({ bizType: "ONE" });
  await client.until(() => ids(client, "ONE").length === 1);
  await recorder.flush();
  const release = tenant.hold();
  await askAt(server, `${tenant.url}?changed`);
  await client.until(() => told(client) === "unknown");
  release();
  await client.until(() => lateIds(client, "ONE").length === 1);
  client.ack("ONE", 1);
  await client.settled();
  await recorder.flush();
  const left = async (table: string) => (await sql`select id from ${sql(table)}`).map((row) => row.id);
  assert.deepEqual([await left("arrival"), await left("delivery")], [[1], []]);
});

Deno.test("[SES-2] [SES-5] nobody asks any more once the last config that needs the verdict is offline, and again when one is online", async () => {
  const clock = new SteppableClock();
  await using tenant = startTenant();
  await using server = await safeServer(tenant, clock);
  tenant.says("u-1", "unknown");
  await using client = await phone(server);
  await client.until(() => tenant.asked.length === 1);
  await client.settled();
  for (const biz of ALL) await setStatus(server, biz, "offline");
  for (let step = 0; step < 10; step++) {
    clock.advance(1_000);
    await client.settled();
  }
  assert.equal(tenant.asked.length, 1);
  tenant.says("u-1", "valid");
  await setStatus(server, "SAFE", "online");
  await client.until(() => told(client) === "valid");
});
