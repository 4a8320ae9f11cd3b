import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { configNo } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";

async function pushed(server: TestServer, count: number, fields: Record<string, unknown> = {}): Promise<void> {
  for (let n = 1; n <= count; n++) await server.push({ payload: `${n}`, ...fields });
}

/** The server's record of a point, once everything recorded is written. */
async function record(server: TestServer, bizType: string, subject = "u-1", device = "d-1"): Promise<number> {
  const { sql, recorder } = server.services;
  await recorder.flush();
  const [row] = await sql<{ point: number }[]>`select point from sync_point
    where config = ${configNo(server, bizType)} and subject = ${subject} and device = ${device}`;
  return row?.point ?? 0;
}

const arrivals = async (server: TestServer) =>
  (await server.services.sql<{ id: number }[]>`select id from arrival order by id`).map(({ id }) => id);

const summary = (client: RawClient, biz = "UCHAT") =>
  client.batches(biz).map(({ from, to, ops }) => `${from}-${to}: ${ops.map((op) => op.id).join(",")}`);

Deno.test("[PT-1] only acks move the server's record, and only upwards", async () => {
  await using server = await startServer();
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await pushed(server, 4);
  await phone.until(() => phone.ops("UCHAT").length === 4);
  assert.equal(await record(server, "UCHAT"), 0, "what was sent is not yet received");
  const seen: number[] = [];
  for (const id of [2, 1, 3, 2]) {
    phone.ack("UCHAT", id);
    await phone.settled();
    seen.push(await record(server, "UCHAT"));
  }
  assert.deepEqual(seen, [2, 2, 3, 3]);
  assert.deepEqual(await arrivals(server), [1, 2, 3]);
});

Deno.test("[PT-1] an ack for anything that was not sent on that session is ignored and counted", async () => {
  await using server = await startServer();
  await pushed(server, 2, { linkToken: "u-2" });
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await pushed(server, 1);
  await phone.until(() => phone.ops("UCHAT").length === 1);
  phone.ack("UCHAT", 2);
  phone.ack("TRADE-RESULT", 1);
  phone.ack("NO-SUCH-BIZ", 1);
  phone.ack("DEVICE-LOCK", 1, "device");
  phone.ack("UCHAT", 1, "device");
  phone.send({ type: "ack", scope: "user", biz: "UCHAT", ids: [7, 8] });
  await phone.settled();
  assert.equal(await record(server, "UCHAT"), 0);
  assert.deepEqual(await arrivals(server), []);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const ignored = /^syncline_\w*ignored\w*\{[^}]*\} (\d+)$/m.exec(metrics);
  assert.ok(Number(ignored?.[1]) >= 6, ignored?.[0] ?? metrics);
});

Deno.test("[PT-2] a stream starts after the client's reported point, and that point counts as an ack of what it covers", async () => {
  await using server = await startServer();
  await pushed(server, 5);
  await pushed(server, 3, { bizType: "DEVICE-LOCK", linkToken: "d-1" });
  await using phone = await RawClient.connect(server, {
    points: [["device", "DEVICE-LOCK", 2]],
    user: user("u-1", [["user", "UCHAT", 3]]),
  });
  await phone.until(() => phone.ops("UCHAT").length === 2 && phone.ops("DEVICE-LOCK").length === 1);
  assert.deepEqual([summary(phone), summary(phone, "DEVICE-LOCK")], [["3-5: 4,5"], ["2-3: 3"]]);
  await phone.settled();
  assert.equal(await record(server, "UCHAT"), 3);
  assert.equal(await record(server, "DEVICE-LOCK", "d-1", ""), 2);
  const [row] = await server.services.sql`select array_agg(id order by id) as ids from arrival where owner = 'u-1'`;
  assert.deepEqual(row?.ids, [1, 2, 3]);
});

Deno.test("[PT-2] a reinstalled app reports nothing and gets what is retained again, whatever the server's record", async () => {
  await using server = await startServer();
  const before = await RawClient.connect(server, { user: user("u-1") });
  await pushed(server, 3);
  await before.until(() => before.ops("UCHAT").length === 3);
  before.ack("UCHAT", 3);
  await before.settled();
  await before[Symbol.asyncDispose]();
  await using reinstalled = await RawClient.connect(server, { user: user("u-1") });
  await reinstalled.until(() => reinstalled.ops("UCHAT").length === 3);
  assert.deepEqual(summary(reinstalled), ["0-3: 1,2,3"]);
  assert.equal(await record(server, "UCHAT"), 3, "the record does not go down");
});

Deno.test("[PT-3] a reported point above the head is answered with reset to the server's record", async () => {
  await using server = await startServer();
  const first = await RawClient.connect(server, { user: user("u-1") });
  await pushed(server, 4);
  await first.until(() => first.ops("UCHAT").length === 4);
  first.ack("UCHAT", 3);
  await first.settled();
  const { epoch } = await first.next("welcome");
  await first[Symbol.asyncDispose]();
  await using phone = await RawClient.connect(server, {
    epoch,
    points: [["device", "DEVICE-LOCK", 7], ["global", "GLOBAL-SDK-CONFIG", 1]],
    user: user("u-1", [["user", "UCHAT", 99], ["user", "TRADE-RESULT", 5]]),
  });
  const reset = await phone.next("reset");
  assert.deepEqual(reset, { type: "reset", epoch, points: [["user", "UCHAT", 3]] });
  await phone.until(() => phone.ops("UCHAT").length > 0);
  assert.deepEqual(summary(phone), ["3-4: 4"]);
  assert.deepEqual(phone.frames.slice(0, 2).map((frame) => frame.type), ["welcome", "reset"]);
});

Deno.test("[PT-3] a bind with a point above the head is reset too, and keeps the device's streams where they stand", async () => {
  await using server = await startServer();
  await pushed(server, 2);
  await pushed(server, 2, { bizType: "DEVICE-LOCK", linkToken: "d-1" });
  await using phone = await RawClient.connect(server);
  await phone.until(() => phone.ops("DEVICE-LOCK").length === 2);
  phone.ack("DEVICE-LOCK", 2, "device");
  phone.send({ type: "bind", n: 1, userId: "u-1", sessionId: "s-1", points: [["user", "UCHAT", 50]] });
  const reset = await phone.next("reset");
  assert.deepEqual(reset.points, [["device", "DEVICE-LOCK", 2]]);
  await phone.until(() => phone.ops("UCHAT").length === 2);
  assert.deepEqual([summary(phone), phone.ops("DEVICE-LOCK").length], [["0-2: 1,2"], 2]);
});

Deno.test("[PT-3] [DLV-1] a reset that a bind brings sets the device's streams back, and they go on from there without a hole", async () => {
  await using server = await startServer();
  const lock = { bizType: "DEVICE-LOCK", linkToken: "d-1" };
  await pushed(server, 3, lock);
  await server.pushGlobal();
  await using phone = await RawClient.connect(server);
  await phone.until(() => phone.ops("DEVICE-LOCK").length === 3 && phone.ops("GLOBAL-SDK-CONFIG").length === 1);
  phone.ack("DEVICE-LOCK", 1, "device");
  phone.send({ type: "ack", scope: "device", biz: "DEVICE-LOCK", ids: [3] });
  phone.send({ type: "bind", n: 1, userId: "u-1", sessionId: "s-1", points: [["user", "UCHAT", 50]] });
  assert.deepEqual((await phone.next("reset")).points, [["device", "DEVICE-LOCK", 1]]);
  const before = phone.frames.findIndex((frame) => frame.type === "reset");
  const since = (biz: string) =>
    phone.frames.slice(before).flatMap((frame) => frame.type === "sync" ? frame.batches : [])
      .filter((batch) => batch.biz === biz).map(({ from, to, ops }) => `${from}-${to}: ${ops.map((op) => op.id)}`);
  await phone.until(() => since("DEVICE-LOCK").length === 1 && since("GLOBAL-SDK-CONFIG").length === 1);
  await pushed(server, 1, lock);
  await phone.until(() => since("DEVICE-LOCK").length === 2);
  assert.deepEqual([since("DEVICE-LOCK"), since("GLOBAL-SDK-CONFIG")], [["1-3: 2,3", "3-4: 4"], ["0-1: 1"]]);
});

Deno.test("[PT-3] any point under another epoch is reset; a fresh installation is not", async () => {
  await using server = await startServer();
  await pushed(server, 3);
  const points = user("u-1", [["user", "UCHAT", 2]]);
  await using foreign = await RawClient.connect(server, { deviceId: "d-1", epoch: "another", user: points });
  const { epoch } = await foreign.next("welcome");
  assert.deepEqual(await foreign.next("reset"), { type: "reset", epoch, points: [] });
  await foreign.until(() => foreign.ops("UCHAT").length === 3);
  assert.deepEqual(await arrivals(server), [], "points of another database acknowledge nothing");
  await using fresh = await RawClient.connect(server, { deviceId: "d-2", user: user("u-1") });
  await fresh.until(() => fresh.ops("UCHAT").length === 3);
  await using empty = await RawClient.connect(server, { deviceId: "d-3", epoch: "another", user: user("u-1") });
  await empty.until(() => empty.ops("UCHAT").length === 3);
  for (const client of [fresh, empty]) assert.ok(!client.frames.some((frame) => frame.type === "reset"));
});

Deno.test("[PT-4] ids that a device does not get are covered by an interval: filtered, expired and dropped ones", async () => {
  await using server = await startServer();
  await server.push({ payload: "1" });
  await server.push({ payload: "2", osType: "iOS" });
  await server.push({ payload: "3", appMinVersion: "9.0" });
  await server.push({ payload: "4" });
  await server.push({ payload: "5", osType: "iOS" });
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await phone.until(() => phone.batches("UCHAT").length > 0);
  assert.deepEqual(summary(phone), ["0-5: 1,4"]);
  // live: what is skipped is told with the next batch, without a hole
  await server.push({ payload: "6", osType: "iOS" });
  await server.push({ payload: "7" });
  await phone.until(() => phone.ops("UCHAT").length === 3);
  assert.deepEqual(summary(phone).at(-1), "5-7: 7");
  // nothing for this device at all, and it is told so
  await using other = await RawClient.connect(server, {
    deviceId: "d-2",
    user: user("u-1", [["user", "UCHAT", 4]]),
    appVersion: "0.1",
    os: "harmony",
  });
  await other.until(() => other.ops("UCHAT").length === 1);
  assert.deepEqual(summary(other), ["4-7: 7"]);
});
