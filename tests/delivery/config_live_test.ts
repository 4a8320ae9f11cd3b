import assert from "node:assert/strict";
import { openSql } from "../../db/sql.ts";
import { RawClient, user } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { changeConfig, configNo, makeConfig, setStatus } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { coveredTo, ids } from "./shared.ts";

const CONFIGS = "/api/instances/default_demo/configs";
const phone = (server: TestServer, hello: Parameters<typeof RawClient.connect>[1] = {}) =>
  RawClient.connect(server, { user: user("u-1"), ...hello });

const commands = (client: RawClient) =>
  client.frames.flatMap((frame) => frame.type === "command" ? [`${frame.biz} ${frame.command}`] : []);

Deno.test("[CFG-4] offline stops pushes, live sends, backlog and retries; online resumes from the same point; clients are told", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock, env: { WINDOW_OPS: "2" } });
  await using client = await phone(server);
  for (let i = 0; i < 5; i++) await server.push();
  await client.until(() => ids(client, "UCHAT").length === 2);
  assert.equal((await server.admin("POST", `${CONFIGS}/UCHAT/offline`)).status, 200);
  await client.until(() => commands(client).length === 1);
  assert.deepEqual(await server.push().then(({ success, msg }) => [success, msg]), [false, "BIZ_NOT_ONLINE"]);
  // acks still count, and make room that is not used
  client.ack("UCHAT", 1);
  await client.settled();
  clock.advance(40_000);
  await client.settled();
  await using other = await phone(server, { deviceId: "d-2" });
  await other.settled();
  assert.deepEqual([ids(client, "UCHAT"), ids(other, "UCHAT")], [[1, 2], []]);
  assert.equal((await server.admin("POST", `${CONFIGS}/UCHAT/online`)).status, 200);
  await client.until(() => ids(client, "UCHAT").includes(3));
  await other.until(() => ids(other, "UCHAT").length === 2);
  assert.deepEqual(commands(client), ["UCHAT offline", "UCHAT online"]);
  assert.deepEqual(client.batches("UCHAT").map(({ from, to }) => [from, to]).at(-1), [2, 3]);
  client.ack("UCHAT", 3);
  await client.until(() => ids(client, "UCHAT").includes(5));
  assert.deepEqual(ids(client, "UCHAT"), [1, 2, 3, 4, 5]);
});

Deno.test("[CFG-4] what was pushed before the config went offline, and heard of by nobody, comes when it is online", async () => {
  await using server = await startServer();
  await using client = await phone(server);
  const { registry, housekeeping } = server.services;
  registry.deliver = () => false;
  await server.push();
  await setStatus(server, "UCHAT", "offline");
  await housekeeping.findLostHints();
  await client.settled();
  assert.deepEqual(ids(client, "UCHAT"), []);
  await setStatus(server, "UCHAT", "online");
  await client.until(() => ids(client, "UCHAT").length === 1);
});

Deno.test("[CFG-4] within a second another process stops too: told by NOTIFY, and by its poll when that is lost", async () => {
  await using one = await startServer();
  await using two = await startServer({ databaseUrl: one.databaseUrl });
  for (const lost of [false, true]) {
    const { sql } = one.services;
    if (lost) {
      // the version rises, and nobody is told
      await sql`create or replace function touch_catalog() returns trigger language plpgsql as
        'begin update catalog_version set n = n + 1; return null; end'`;
    }
    await using client = await phone(two, { deviceId: `d-${lost}`, user: user(`u-${lost}`) });
    const start = performance.now();
    await sql`update config set status = 'offline' where no = ${configNo(one, "UCHAT")}`;
    await client.until(() => commands(client).length === 1, 2_000);
    const took = performance.now() - start;
    assert.ok(took < 1_000, `${Math.round(took)} ms`);
    assert.equal((await two.push({ linkToken: `u-${lost}` })).msg, "BIZ_NOT_ONLINE");
    await sql`update config set status = 'online' where no = ${configNo(one, "UCHAT")}`;
    await client.until(() => commands(client).length === 2, 2_000);
    assert.equal((await two.push({ linkToken: `u-${lost}` })).msg, "SUCCESS");
    await client.until(() => ids(client, "UCHAT").length === 1);
  }
});

Deno.test("[CFG-4] a config that goes offline while a session is being opened is not sent on it", async () => {
  await using server = await startServer();
  const sql = openSql(server.databaseUrl, { max: 1 });
  try {
    for (const biz of ["UCHAT", "TRADE-RESULT", "DEVICE-LOCK", "GLOBAL-SDK-CONFIG"]) {
      const push = biz.startsWith("GLOBAL")
        ? server.pushGlobal()
        : server.push({ bizType: biz, linkToken: biz === "DEVICE-LOCK" ? "d-1" : "u-1" });
      await push;
      await using client = await RawClient.open(server.syncUrl);
      // hydration waits for this lock
      await sql.begin(async (tx) => {
        await tx`lock table sync_point in access exclusive mode`;
        client.hello({ user: user("u-1") });
        await client.settled();
        await setStatus(server, biz, "offline");
      });
      await client.next("welcome");
      await client.settled();
      await server.services.recorder.flush();
      await client.settled();
      assert.deepEqual(ids(client, biz), [], biz);
      await setStatus(server, biz, "online");
      await client.until(() => ids(client, biz).length === 1);
    }
  } finally {
    await sql.end();
  }
});

Deno.test("[CFG-4] a stream whose first op came while a session was being opened stops and goes on as its config is then", async () => {
  await using server = await startServer();
  const { sql } = server.services;
  for (const [round, now] of (["offline", "online"] as const).entries()) {
    const owner = `u-${round}`;
    await using client = await RawClient.open(server.syncUrl);
    // the streams are read, and the session is not yet open: its row waits for this lock
    await sql.begin(async (tx) => {
      await tx`lock table session in access exclusive mode`;
      client.hello({ deviceId: `d-${round}`, user: user(owner) });
      await client.settled();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await server.push({ linkToken: owner });
      await setStatus(server, "UCHAT", "offline");
      if (now === "offline") return;
      await server.services.housekeeping.findLostHints();
      await setStatus(server, "UCHAT", "online");
    });
    await client.next("welcome");
    if (now === "offline") {
      await client.settled();
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.deepEqual(ids(client, "UCHAT"), []);
      await setStatus(server, "UCHAT", "online");
    }
    await client.until(() => ids(client, "UCHAT").length === 1);
  }
});

Deno.test("[CFG-4] global streams stop and go on as well, also behind a foreground that came meanwhile", async () => {
  await using server = await startServer();
  await using client = await phone(server, { foreground: false });
  await server.pushGlobal();
  await setStatus(server, "GLOBAL-SDK-CONFIG", "offline");
  client.send({ type: "foreground" });
  await client.settled();
  assert.deepEqual(ids(client, "GLOBAL-SDK-CONFIG"), []);
  await setStatus(server, "GLOBAL-SDK-CONFIG", "online");
  await client.until(() => ids(client, "GLOBAL-SDK-CONFIG").length === 1);
});

Deno.test("[CFG-3] a consistency check that is switched on stops the next send; switched off, what waited comes", async () => {
  await using server = await startServer();
  await using client = await phone(server);
  for (const biz of ["UCHAT", "TRADE-RESULT"]) {
    await server.push({ bizType: biz });
    await client.until(() => ids(client, biz).length === 1);
    await changeConfig(server, biz, { consistency: true });
    assert.equal((await server.push({ bizType: biz })).msg, "NOT_ONLINE");
    await client.settled();
    assert.deepEqual(ids(client, biz), [1], biz);
    await changeConfig(server, biz, { consistency: false });
    await client.until(() => ids(client, biz).includes(2));
  }
});

Deno.test("[CFG-5] [CFG-4] a config that is deleted and made again goes on with higher ids, on live connections too", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "AGAIN" });
  await using client = await phone(server);
  for (let i = 0; i < 2; i++) await server.push({ bizType: "AGAIN" });
  await client.until(() => ids(client, "AGAIN").length === 2);
  client.ack("AGAIN", 2);
  assert.equal((await server.admin("DELETE", `${CONFIGS}/AGAIN`)).status, 409);
  await server.admin("POST", `${CONFIGS}/AGAIN/offline`);
  assert.ok((await server.admin("DELETE", `${CONFIGS}/AGAIN`)).ok);
  assert.equal((await server.push({ bizType: "AGAIN" })).msg, "BIZ_NOT_ONLINE");
  await makeConfig(server, { bizType: "AGAIN" });
  assert.equal((await server.push({ bizType: "AGAIN" })).msg, "SUCCESS");
  await client.until(() => ids(client, "AGAIN").length === 3);
  assert.ok(ids(client, "AGAIN")[2]! > 2);
  await using other = await phone(server, { deviceId: "d-2" });
  await other.until(() => ids(other, "AGAIN").length === 1);
  assert.equal(coveredTo(other, "AGAIN"), ids(client, "AGAIN")[2]);
});
