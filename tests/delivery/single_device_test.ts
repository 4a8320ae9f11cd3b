import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { setStatus } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { ackIds, ids, lateIds } from "./shared.ts";

const BIZ = "TRADE-RESULT";
const trade = (server: TestServer, fields: Record<string, unknown> = {}) => server.push({ bizType: BIZ, ...fields });
const phone = (server: TestServer, deviceId: string, hello: Parameters<typeof RawClient.connect>[1] = {}) =>
  RawClient.connect(server, { deviceId, user: user("u-1"), ...hello });

Deno.test("[DEV-2] each op goes to the session whose user was bound last, and to no other while that one lives", async () => {
  await using server = await startServer();
  await using a = await phone(server, "d-a");
  await using b = await phone(server, "d-b");
  assert.equal((await trade(server)).msg, "SUCCESS");
  await b.until(() => ids(b, BIZ).length === 1);
  await a.settled();
  assert.deepEqual(ids(a, BIZ), []);
  // to bind anew is to be bound last
  a.send({ type: "bind", n: 1, userId: "u-1", sessionId: "s-1", points: [] });
  await a.next("bound");
  await trade(server);
  await a.until(() => ids(a, BIZ).length === 1);
  await b.settled();
  assert.deepEqual([ids(a, BIZ), ids(b, BIZ)], [[2], [1]]);
});

Deno.test("[DEV-2] [PT-2] the older device holds an unacked op while the newer acks later ones, and gives it up when it goes", async () => {
  await using server = await startServer();
  const a = await phone(server, "d-a");
  await trade(server);
  await a.until(() => ids(a, BIZ).length === 1);
  await using b = await phone(server, "d-b");
  await trade(server);
  await trade(server);
  await b.until(() => ids(b, BIZ).length === 2);
  b.ack(BIZ, 3);
  await b.settled();
  await a.settled();
  assert.deepEqual([ids(a, BIZ), ids(b, BIZ)], [[1], [2, 3]]);
  await a[Symbol.asyncDispose]();
  await b.until(() => ids(b, BIZ).length === 3);
  assert.deepEqual(lateIds(b, BIZ), [1]);
  ackIds(b, BIZ, [1]);
  await b.settled();
  // acked anywhere: never again anywhere, whatever is reported
  await using again = await phone(server, "d-a");
  await using other = await phone(server, "d-c");
  await trade(server);
  await other.until(() => ids(other, BIZ).length > 0);
  await again.settled();
  assert.deepEqual([ids(again, BIZ), ids(other, BIZ)], [[], [4]]);
});

Deno.test("[DLV-1] [DEV-2] [PT-4] what another device held comes in its place on a connection that has not gone past it, above what an earlier one brought", async () => {
  await using server = await startServer();
  const old = await phone(server, "d-a", { os: "android" });
  await trade(server);
  await old.until(() => ids(old, BIZ).length === 1);
  const other = await phone(server, "d-b", { os: "ios" });
  await trade(server);
  await other.until(() => ids(other, BIZ).length === 1);
  await trade(server, { osType: "android" });
  await old.until(() => ids(old, BIZ).length === 2);
  // 1 is not reported: the point stays below it, and 3 is acknowledged by its id
  ackIds(old, BIZ, [3]);
  await old.settled();
  await old[Symbol.asyncDispose]();
  await other.until(() => ids(other, BIZ).length === 2);
  assert.deepEqual([ids(other, BIZ), lateIds(other, BIZ)], [[2, 1], [1]]);
  await other[Symbol.asyncDispose]();
  await using again = await phone(server, "d-a", { os: "android" });
  await again.until(() => ids(again, BIZ).length === 2);
  // the interval begins at the reported point, so nothing here is late: that word is about one connection
  assert.deepEqual([ids(old, BIZ), ids(again, BIZ), lateIds(again, BIZ)], [[1, 3], [1, 2], []]);
  assert.deepEqual(again.batches(BIZ).map(({ from }) => from), [0]);
});

Deno.test("[DEV-2] an op goes on at once to the next session when its own unbinds that user", async () => {
  await using server = await startServer();
  await using a = await phone(server, "d-a");
  await using b = await phone(server, "d-b");
  await trade(server);
  await b.until(() => ids(b, BIZ).length === 1);
  b.send({ type: "unbind", n: 1 });
  await a.until(() => ids(a, BIZ).length === 1);
  assert.deepEqual([ids(a, BIZ), lateIds(a, BIZ)], [[1], []]);
  a.ack(BIZ, 1);
  await a.settled();
  b.send({ type: "bind", n: 2, userId: "u-1", sessionId: "s-2", points: [] });
  await b.until(() => b.frames.some((frame) => frame.type === "bound" && frame.n === 2));
  await trade(server);
  await b.until(() => ids(b, BIZ).length === 2);
  assert.deepEqual(ids(b, BIZ), [1, 2]);
});

Deno.test("[PT-2] the server's record decides what a single-device replay holds, not what the client reports", async () => {
  await using server = await startServer();
  const a = await phone(server, "d-a");
  for (let i = 0; i < 3; i++) await trade(server);
  await a.until(() => ids(a, BIZ).length === 3);
  ackIds(a, BIZ, [2]);
  await a.settled();
  await a[Symbol.asyncDispose]();
  await using reporting = await phone(server, "d-b", { user: user("u-1", [["user", BIZ, 3]]) });
  await reporting.until(() => ids(reporting, BIZ).length === 2);
  assert.deepEqual([ids(reporting, BIZ), lateIds(reporting, BIZ)], [[1, 3], [1, 3]]);
  await reporting[Symbol.asyncDispose]();
  await using fresh = await phone(server, "d-c");
  await fresh.until(() => ids(fresh, BIZ).length === 2);
  assert.deepEqual([ids(fresh, BIZ), lateIds(fresh, BIZ)], [[1, 3], []]);
});

Deno.test("[DEV-2] [FLT-1] [FLT-2] OS and version choose among the sessions; an op for none of them waits for the first that fits", async () => {
  await using server = await startServer();
  await using android = await phone(server, "d-a", { os: "Android", appVersion: "1.0" });
  await using ios = await phone(server, "d-i", { os: "iOS", appVersion: "3.0" });
  await trade(server, { osType: "ANDROID" });
  await trade(server, { appMinVersion: "2" });
  await android.until(() => ids(android, BIZ).length === 1);
  await ios.until(() => ids(ios, BIZ).length === 1);
  assert.deepEqual([ids(android, BIZ), ids(ios, BIZ)], [[1], [2]]);
  assert.equal((await trade(server, { osType: "harmony" })).msg, "NOT_ONLINE");
  await trade(server);
  await ios.until(() => ids(ios, BIZ).length === 2);
  await using harmony = await phone(server, "d-h", { os: "Harmony" });
  await harmony.until(() => ids(harmony, BIZ).length === 1);
  assert.deepEqual([ids(android, BIZ), ids(ios, BIZ), ids(harmony, BIZ)], [[1], [2, 4], [3]]);
});

Deno.test("[FLT-3] [DEV-2] the session that held an op ends: it goes to the one that fits, not to the one that was bound last", async () => {
  await using server = await startServer();
  await using old = await phone(server, "d-1", { appVersion: "2.1" });
  await using _misfit = await phone(server, "d-2", { appVersion: "1.0" });
  const holder = await phone(server, "d-3", { appVersion: "2.5" });
  await trade(server, { appMinVersion: "2.0" });
  await holder.until(() => ids(holder, BIZ).length === 1);
  await holder[Symbol.asyncDispose]();
  await old.until(() => ids(old, BIZ).length === 1);
  await _misfit.settled();
  assert.deepEqual([ids(old, BIZ), ids(_misfit, BIZ)], [[1], []]);
});

Deno.test("[DLV-3] [DEV-2] a session whose window is full lets the rest wait in the log; acks let it go on", async () => {
  await using server = await startServer({ env: { WINDOW_OPS: "4" } });
  await using a = await phone(server, "d-a");
  await using b = await phone(server, "d-b");
  for (let i = 0; i < 9; i++) assert.equal((await trade(server)).msg, "SUCCESS");
  await b.until(() => ids(b, BIZ).length === 4);
  await b.settled();
  assert.deepEqual([ids(a, BIZ), ids(b, BIZ)], [[], [1, 2, 3, 4]]);
  b.ack(BIZ, 3);
  await b.until(() => ids(b, BIZ).length === 7);
  b.ack(BIZ, 7);
  await b.until(() => ids(b, BIZ).length === 9);
  await a.settled();
  assert.deepEqual([ids(a, BIZ), ids(b, BIZ)], [[], [1, 2, 3, 4, 5, 6, 7, 8, 9]]);
});

Deno.test("[DEV-2] [CFG-4] an op held by a session that ended while the config was offline goes to the next when it is online", async () => {
  await using server = await startServer();
  await using a = await phone(server, "d-a");
  const b = await phone(server, "d-b");
  await trade(server);
  await b.until(() => ids(b, BIZ).length === 1);
  await setStatus(server, BIZ, "offline");
  await b[Symbol.asyncDispose]();
  await a.settled();
  assert.deepEqual(ids(a, BIZ), []);
  await setStatus(server, BIZ, "online");
  await a.until(() => ids(a, BIZ).length === 1);
  assert.deepEqual(ids(a, BIZ), [1]);
});

Deno.test("[DEV-2] [PT-2] a restart forgets neither what was acked nor what was not", async () => {
  await using server = await startServer();
  const a = await phone(server, "d-a");
  for (let i = 0; i < 4; i++) await trade(server);
  await a.until(() => ids(a, BIZ).length === 4);
  ackIds(a, BIZ, [2, 3]);
  await a.settled();
  await server.restart();
  await a.close();
  await using b = await phone(server, "d-b");
  await b.until(() => ids(b, BIZ).length === 2);
  assert.deepEqual(ids(b, BIZ), [1, 4]);
});

Deno.test("[DEV-2] an ack followed by the end of its connection at once is decided before the op can go to another", async () => {
  await using server = await startServer();
  await using b = await phone(server, "d-b");
  for (let round = 1; round <= 20; round++) {
    const a = await phone(server, "d-a");
    await trade(server);
    await a.until(() => ids(a, BIZ).length === 1);
    a.ack(BIZ, round);
    await a[Symbol.asyncDispose]();
  }
  await trade(server);
  await b.until(() => ids(b, BIZ).length > 0);
  assert.deepEqual(ids(b, BIZ), [21]);
});

Deno.test("[DEV-2] the very first op of a stream, pushed while its only session is still being opened, is delivered", async () => {
  await using server = await startServer();
  for (let round = 0; round < 20; round++) {
    await using client = await RawClient.open(server.syncUrl);
    client.hello({ deviceId: `d-${round}`, user: user(`first-${round}`) });
    const answer = trade(server, { linkToken: `first-${round}` });
    await client.until(() => ids(client, BIZ).length === 1);
    assert.equal((await answer).success, true);
  }
});
