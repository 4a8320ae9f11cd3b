import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { setStatus } from "../support/configs.ts";
import { eventually } from "../support/eventually.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { ackIds, coveredTo, ids, lateIds } from "./shared.ts";

const phone = (server: TestServer, appVersion: string | undefined, point = 0, more: object = {}) =>
  RawClient.connect(server, {
    appVersion,
    user: user("u-1", point > 0 ? [["user", "UCHAT", point]] : []),
    ...more,
  });

const covered = (client: RawClient, to: number, biz = "UCHAT") => client.until(() => coveredTo(client, biz) >= to);

/** A covered, acked and closed visit of a device that has `appVersion`. */
async function visit(server: TestServer, appVersion: string, from: number, to: number): Promise<number[]> {
  await using client = await phone(server, appVersion, from);
  await covered(client, to);
  client.ack("UCHAT", to);
  await client.settled();
  return ids(client, "UCHAT");
}

const owed = (server: TestServer) =>
  server.services.sql<{ id: number }[]>`select id from owed order by id`.then((rows) => rows.map((row) => row.id));

Deno.test("[FLT-1] [FLT-2] OS is compared without case, versions part by part by their leading digits, both ends inclusive", async () => {
  await using server = await startServer();
  const cases: [filter: Record<string, string>, os: string | undefined, version: string | undefined, gets: boolean][] =
    [
      [{ osType: "IOS" }, "ios", "1", true],
      [{ osType: "android" }, "Android", undefined, true],
      [{ osType: "Harmony" }, "android", "1", false],
      [{ osType: "iOS" }, undefined, "1", false],
      [{ appMinVersion: "1.2" }, "ios", "1.2.0", true],
      [{ appMinVersion: "1.2.0" }, "ios", "1.2", true],
      [{ appMinVersion: "1.10" }, "ios", "1.9", false],
      [{ appMinVersion: "1.9" }, "ios", "1.10", true],
      [{ appMaxVersion: "2.0" }, "ios", "2.0.0.1", false],
      [{ appMaxVersion: "2.0" }, "ios", "2.0-beta", true],
      [{ appMinVersion: "2.1rc3" }, "ios", "2.1", true],
      [{ appMinVersion: "1", appMaxVersion: "1" }, "ios", "1.0", true],
      [{ appMinVersion: "0" }, "ios", undefined, false],
      [{ appMinVersion: "0" }, "ios", "beta", false],
      [{ appMaxVersion: "99" }, "ios", "", false],
      [{}, undefined, undefined, true],
    ];
  for (const [index, [filter, os, appVersion, gets]] of cases.entries()) {
    const linkToken = `u-${index}`;
    await server.push({ linkToken, ...filter });
    await server.push({ linkToken });
    const hello = { deviceId: `d-${index}`, os, appVersion: appVersion || undefined, user: user(linkToken) };
    await using client = await RawClient.connect(server, hello);
    await client.until(() => ids(client, "UCHAT").includes(2));
    const live = await server.push({ linkToken, ...filter });
    await server.push({ linkToken });
    await client.until(() => ids(client, "UCHAT").includes(4));
    const told = JSON.stringify([filter, os, appVersion]);
    assert.deepEqual(ids(client, "UCHAT"), gets ? [1, 2, 3, 4] : [2, 4], told);
    assert.equal(live.msg, gets ? "SUCCESS" : "NOT_ONLINE", told);
  }
});

Deno.test("[FLT-3] an op skipped for its version comes late after the upgrade, before newer ones, and is acked by id", async () => {
  await using server = await startServer();
  await server.push({ appMinVersion: "2.0", payload: "new app" });
  await server.push({ osType: "ios", payload: "ios" });
  await server.push();
  assert.deepEqual(await visit(server, "1.0", 0, 3), [3]);
  await server.push();
  await using upgraded = await phone(server, "2.0", 3);
  await upgraded.until(() => ids(upgraded, "UCHAT").length === 2);
  assert.deepEqual([ids(upgraded, "UCHAT"), lateIds(upgraded, "UCHAT")], [[1, 4], [1]]);
  ackIds(upgraded, "UCHAT", [1]);
  await upgraded.settled();
  await server.services.recorder.flush();
  const [row] = await server.services.sql<{ point: number }[]>`select point from sync_point where device = 'd-1'`;
  assert.equal(row?.point, 3, "a late op does not move the point");
  await using again = await phone(server, "2.0", 3);
  await again.until(() => ids(again, "UCHAT").length === 1);
  assert.deepEqual(ids(again, "UCHAT"), [4]);
  assert.deepEqual(await owed(server), [2]);
});

Deno.test("[FLT-3] a late op that is not acked is late again on the next connection, and after a restart", async () => {
  await using server = await startServer();
  await server.push({ appMinVersion: "2.0" });
  await server.push();
  await visit(server, "1.0", 0, 2);
  for (let round = 0; round < 2; round++) {
    await using upgraded = await phone(server, "2.0", 2);
    await upgraded.until(() => ids(upgraded, "UCHAT").length === 1);
    assert.deepEqual(lateIds(upgraded, "UCHAT"), [1]);
    await upgraded.settled();
    if (round === 0) await server.restart();
  }
});

Deno.test("[FLT-3] what is owed is durable before the interval that covers it: a crash right after forgets nothing", async () => {
  await using server = await startServer();
  for (let i = 0; i < 3; i++) await server.push({ appMinVersion: "2.0" });
  {
    await using client = await phone(server, "1.0");
    await covered(client, 3);
    // as it is in the database the moment the client knows: nothing that is only in memory counts
    assert.deepEqual(await owed(server), [1, 2, 3]);
  }
  {
    await using live = await phone(server, "1.0", 3);
    await server.push({ appMinVersion: "3.0" });
    await server.push();
    await covered(live, 5);
    assert.deepEqual(await owed(server), [1, 2, 3, 4]);
  }
  // another process, which knows what is in the database, and no more
  await using second = await startServer({ databaseUrl: server.databaseUrl });
  await using upgraded = await phone(second, "2.5", 5);
  await upgraded.until(() => ids(upgraded, "UCHAT").length === 3);
  assert.deepEqual(lateIds(upgraded, "UCHAT"), [1, 2, 3]);
});

Deno.test("[FLT-3] downgrade and upgrade: received under one version, skipped under the next, it does not come again under the third", async () => {
  await using server = await startServer();
  await server.push({ appMinVersion: "1.0", appMaxVersion: "1.5" });
  await server.push({ appMinVersion: "2.0", appMaxVersion: "2.5" });
  await server.push({ appMinVersion: "3.0" });
  assert.deepEqual(await visit(server, "1.2", 0, 3), [1]);
  {
    await using second = await phone(server, "2.1", 3);
    await second.until(() => ids(second, "UCHAT").length === 1);
    assert.deepEqual(lateIds(second, "UCHAT"), [2]);
    ackIds(second, "UCHAT", [2]);
    await second.settled();
  }
  {
    await using first = await phone(server, "1.2", 3);
    await server.push();
    await first.until(() => ids(first, "UCHAT").length > 0);
    assert.deepEqual(ids(first, "UCHAT"), [4]);
    first.ack("UCHAT", 4);
    await first.settled();
  }
  await using third = await phone(server, "3.0", 4);
  await third.until(() => ids(third, "UCHAT").length > 0);
  await server.push();
  await third.until(() => ids(third, "UCHAT").includes(5));
  assert.deepEqual([ids(third, "UCHAT"), lateIds(third, "UCHAT")], [[3, 5], [3]]);
});

Deno.test("[FLT-3] a skipped op above the reported point is decided on anew by the replay, in its place", async () => {
  await using server = await startServer();
  await server.push();
  await server.push({ appMinVersion: "2.0" });
  await server.push();
  {
    await using client = await phone(server, "1.0");
    await covered(client, 3);
    client.ack("UCHAT", 1);
    await client.settled();
  }
  await using upgraded = await phone(server, "2.0", 1);
  await upgraded.until(() => ids(upgraded, "UCHAT").length === 2);
  assert.deepEqual([ids(upgraded, "UCHAT"), lateIds(upgraded, "UCHAT")], [[2, 3], []]);
  assert.deepEqual(await owed(server), [2], "until it is acknowledged");
  upgraded.ack("UCHAT", 3);
  await upgraded.settled();
  await server.services.recorder.flush();
  assert.deepEqual(await owed(server), []);
});

Deno.test("[FLT-3] what is owed stays so when a connection that reports less ends before its replay", async () => {
  await using server = await startServer();
  await server.push({ appMinVersion: "2.0" });
  await server.push();
  await server.pushGlobal({ appMinVersion: "2.0" });
  await server.pushGlobal();
  {
    // the app takes its time with its reports: all is covered, and the points are still 0
    await using client = await phone(server, "1.0");
    await covered(client, 2);
    await covered(client, 2, "GLOBAL-SDK-CONFIG");
  }
  await setStatus(server, "UCHAT", "offline");
  // it has reported when the next connection has just begun, and replays nothing: a config is offline, the app in the back
  await (await phone(server, "1.0", 0, { foreground: false }))[Symbol.asyncDispose]();
  await setStatus(server, "UCHAT", "online");
  await using upgraded = await phone(server, "2.0", 2, { points: [["global", "GLOBAL-SDK-CONFIG", 2]] });
  const late = () => [lateIds(upgraded, "UCHAT"), lateIds(upgraded, "GLOBAL-SDK-CONFIG")];
  await upgraded.until(() => late().flat().length === 2);
  assert.deepEqual(late(), [[1], [1]]);
});

Deno.test("[FLT-3] an owed op that was sent in its place is owed until it is answered: the point alone says nothing of it", async () => {
  await using server = await startServer();
  await server.push({ appMinVersion: "2.0" });
  await server.push();
  await (async () => {
    await using client = await phone(server, "1.0");
    await covered(client, 2);
  })();
  {
    await using upgraded = await phone(server, "2.0");
    await covered(upgraded, 2);
    assert.deepEqual([ids(upgraded, "UCHAT"), lateIds(upgraded, "UCHAT")], [[1, 2], []]);
  }
  await using again = await phone(server, "2.0", 2);
  await again.until(() => ids(again, "UCHAT").length === 1);
  assert.deepEqual(lateIds(again, "UCHAT"), [1]);
});

Deno.test("[PT-2] [FLT-3] a reported point counts as an ack of what it covers, except of what is still owed", async () => {
  await using server = await startServer();
  await server.push();
  await server.push({ appMinVersion: "2.0" });
  await server.push({ osType: "ios" });
  await server.push();
  {
    // everything is covered and shown to the app; no ack gets through
    await using client = await phone(server, "1.0");
    await covered(client, 4);
    await client.settled();
  }
  await using client = await phone(server, "1.0", 4);
  await client.settled();
  const arrived = async () => {
    await server.services.recorder.flush();
    const rows = await server.services.sql<{ id: number }[]>`select id from arrival order by id`;
    return rows.map((row) => row.id);
  };
  await eventually(arrived, [1, 4]);
  await using upgraded = await phone(server, "2.0", 4);
  await upgraded.until(() => ids(upgraded, "UCHAT").length === 1);
  assert.deepEqual(lateIds(upgraded, "UCHAT"), [2]);
});

Deno.test("[FLT-3] [DLV-7] an owed op that has expired, or is past its retention, is not delivered late", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await server.push({ appMinVersion: "2.0", validTimeEnd: clock.now() + 60_000 });
  await server.push({ appMinVersion: "2.0" });
  await server.push();
  await visit(server, "1.0", 0, 3);
  clock.advance(61_000);
  await using upgraded = await phone(server, "2.0", 3);
  await upgraded.until(() => ids(upgraded, "UCHAT").length === 1);
  await upgraded.settled();
  assert.deepEqual(ids(upgraded, "UCHAT"), [2]);
});

Deno.test("[FLT-3] device streams and global ones owe as well; in the background nothing global comes, not even late", async () => {
  await using server = await startServer();
  const biz = ["DEVICE-LOCK", "GLOBAL-SDK-CONFIG"];
  for (const fields of [{ appMinVersion: "2.0" }, {}]) {
    await server.push({ bizType: "DEVICE-LOCK", linkToken: "d-1", ...fields });
    await server.pushGlobal(fields);
  }
  {
    await using old = await RawClient.connect(server, { appVersion: "1.0" });
    await old.until(() => biz.every((one) => coveredTo(old, one) === 2));
    old.ack("DEVICE-LOCK", 2, "device");
    old.ack("GLOBAL-SDK-CONFIG", 2, "global");
    await old.settled();
  }
  await using upgraded = await RawClient.connect(server, {
    appVersion: "2.0",
    foreground: false,
    points: [["device", "DEVICE-LOCK", 2], ["global", "GLOBAL-SDK-CONFIG", 2]],
  });
  await upgraded.until(() => ids(upgraded, "DEVICE-LOCK").length === 1);
  await upgraded.settled();
  assert.deepEqual([lateIds(upgraded, "DEVICE-LOCK"), ids(upgraded, "GLOBAL-SDK-CONFIG")], [[1], []]);
  upgraded.send({ type: "foreground" });
  await upgraded.until(() => ids(upgraded, "GLOBAL-SDK-CONFIG").length === 1);
  assert.deepEqual(lateIds(upgraded, "GLOBAL-SDK-CONFIG"), [1]);
  ackIds(upgraded, "GLOBAL-SDK-CONFIG", [1], "global");
  ackIds(upgraded, "DEVICE-LOCK", [1], "device");
  await upgraded.settled();
  await server.services.recorder.flush();
  assert.deepEqual(await owed(server), []);
});

Deno.test("[FLT-3] [DLV-3] more owed ops than the window holds come in windows, all of them before newer ones", async () => {
  await using server = await startServer({ env: { WINDOW_OPS: "4" } });
  for (let i = 0; i < 9; i++) await server.push({ appMinVersion: "2.0" });
  await server.push();
  await visit(server, "1.0", 0, 10);
  for (let i = 0; i < 2; i++) await server.push();
  await using upgraded = await phone(server, "2.0", 10);
  for (const end of [4, 8, 9]) {
    await upgraded.until(() => ids(upgraded, "UCHAT").length >= end);
    ackIds(upgraded, "UCHAT", ids(upgraded, "UCHAT").slice(end > 4 ? end - 4 : 0, end));
  }
  await upgraded.until(() => ids(upgraded, "UCHAT").length === 11);
  assert.deepEqual(ids(upgraded, "UCHAT"), [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12]);
  assert.deepEqual(lateIds(upgraded, "UCHAT"), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
