import assert from "node:assert/strict";
import { sweep } from "../../db/sweeper.ts";
import { RawClient, user } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { changeConfig, configNo, makeConfig } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { coveredTo, ids } from "./shared.ts";

const DAY = 86_400_000;
const noPause = () => Promise.resolve();

const rows = (server: TestServer, biz = "UCHAT") =>
  server.services.sql<{ id: number; mid: string | null; payload: string | null }[]>`
    select id, mid, payload from op where config = ${configNo(server, biz)} order by id`.then((found) => [...found]);

const phone = (server: TestServer, hello: Parameters<typeof RawClient.connect>[1] = {}) =>
  RawClient.connect(server, { user: user("u-1"), ...hello });

Deno.test("[PER-2] a not persistent push goes to the eligible sessions at once, with id 0, and is never stored or repeated", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await makeConfig(server, { bizType: "TICK", persistent: false });
  await makeConfig(server, { bizType: "TICK-ONE", persistent: false, multiDevice: false });
  await makeConfig(server, { bizType: "TICK-DEVICE", persistent: false, target: "device" });
  assert.equal((await server.push({ bizType: "TICK" })).msg, "NOT_ONLINE");
  await using a = await phone(server, { deviceId: "d-a", os: "ios" });
  await using b = await phone(server, { deviceId: "d-b", os: "android" });
  const mid = "m-1";
  assert.equal((await server.push({ bizType: "TICK", thirdMsgId: mid, payload: "1" })).msg, "SUCCESS");
  assert.equal((await server.push({ bizType: "TICK", thirdMsgId: mid, payload: "2" })).msg, "SUCCESS");
  assert.equal((await server.push({ bizType: "TICK", osType: "ios", payload: "3" })).msg, "SUCCESS");
  assert.equal((await server.push({ bizType: "TICK", osType: "harmony" })).msg, "NOT_ONLINE");
  assert.equal((await server.push({ bizType: "TICK", validTimeEnd: clock.now() - 1 })).msg, "ARGS_ILLEGAL");
  assert.equal((await server.push({ bizType: "TICK-ONE", payload: "last" })).msg, "SUCCESS");
  assert.equal((await server.push({ bizType: "TICK-ONE", osType: "ios", payload: "ios" })).msg, "SUCCESS");
  assert.equal((await server.push({ bizType: "TICK-DEVICE", linkToken: "d-a", payload: "mine" })).msg, "SUCCESS");
  await a.until(() => a.ops().length === 5);
  await b.until(() => b.ops().length === 3);
  const seen = (client: RawClient) =>
    client.batches().map((batch) => ({ ...batch, ops: batch.ops.map((op) => op.pl) }));
  const scope = "user";
  assert.deepEqual(seen(a).flatMap((batch) => batch.ops), ["1", "2", "3", "ios", "mine"]);
  assert.deepEqual(seen(b).flatMap((batch) => batch.ops), ["1", "2", "last"]);
  assert.deepEqual(seen(a)[0], { scope, biz: "TICK", ops: ["1"] });
  assert.ok([...a.ops(), ...b.ops()].every((op) => op.id === 0));
  a.ack("TICK", 0);
  await a.settled();
  clock.advance(30_000);
  await a.settled();
  await b.settled();
  assert.equal(a.ops().length + b.ops().length, 8);
  const [stored] = await server.services.sql`select count(*)::int as n from op`;
  assert.equal(stored?.n, 0);
});

Deno.test("[DLV-7] [PUSH-6] an op is sent as long as it is valid, by the server's clock, on every path", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await changeConfig(server, "GLOBAL-SDK-CONFIG", { retentionDays: 1 });
  const soon = { validTimeEnd: clock.now() + 60_000 };
  assert.equal((await server.push({ validTimeEnd: clock.now() - 1 })).msg, "ARGS_ILLEGAL");
  assert.equal((await server.push({ ...soon, thirdMsgId: "same" })).msg, "NOT_ONLINE");
  for (const bizType of ["UCHAT", "TRADE-RESULT"]) await server.push({ bizType, ...soon });
  await server.push({ bizType: "DEVICE-LOCK", linkToken: "d-1", ...soon });
  await server.pushGlobal({ validTimeEnd: clock.now() + 40 * DAY });
  clock.advance(61_000);
  assert.equal((await server.push({ ...soon, thirdMsgId: "same" })).msg, "DUPLICATED_BIZ_ID");
  for (const bizType of ["UCHAT", "TRADE-RESULT"]) await server.push({ bizType });
  await server.push({ bizType: "DEVICE-LOCK", linkToken: "d-1" });
  {
    await using client = await phone(server);
    await client.until(() => client.ops().length === 4);
    await client.settled();
    const got = ["UCHAT", "TRADE-RESULT", "DEVICE-LOCK", "GLOBAL-SDK-CONFIG"].map((biz) => ids(client, biz));
    assert.deepEqual(got, [[3], [2], [2], [1]]);
  }
  // absent or beyond the retention: the retention's end is taken
  clock.advance(DAY);
  await server.pushGlobal();
  await using client = await phone(server, { deviceId: "d-2" });
  await client.until(() => ids(client, "GLOBAL-SDK-CONFIG").length > 0);
  assert.deepEqual(ids(client, "GLOBAL-SDK-CONFIG"), [2]);
});

Deno.test("[PER-1] the sweeper drops payloads when validity or retention ends; the bare row stays 30 days, and its key is remembered", async () => {
  await using server = await startServer();
  await changeConfig(server, "UCHAT", { retentionDays: 3 });
  const start = Date.now();
  await server.push({ thirdMsgId: "early", validTimeEnd: start + DAY });
  await server.push({ thirdMsgId: "kept" });
  const kept = async () => (await rows(server)).map((row) => `${row.mid} ${row.payload !== null}`);
  const after = (days: number) => sweep(server.services.sql, start + days * DAY + 60_000, noPause);
  assert.deepEqual(await after(0), { payloads: 0, rows: 0 });
  assert.deepEqual([await after(1), await kept()], [{ payloads: 1, rows: 0 }, ["early false", "kept true"]]);
  assert.deepEqual([await after(3), await kept()], [{ payloads: 1, rows: 0 }, ["early false", "kept false"]]);
  await after(29.9);
  for (const thirdMsgId of ["early", "kept"]) {
    assert.equal((await server.push({ thirdMsgId })).msg, "DUPLICATED_BIZ_ID");
  }
});

Deno.test("[PUSH-4] [STR-1] [PER-1] after 30 days a key is accepted anew, and the newest row keeps the stream's head", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  for (const thirdMsgId of ["a", "b", "c"]) await server.push({ thirdMsgId });
  const day30 = clock.now() + 30 * DAY;
  await sweep(server.services.sql, day30, noPause);
  assert.deepEqual(await rows(server), [{ id: 3, mid: null, payload: null }]);
  const heads = () => phone(server, { user: user("u-1", [["user", "UCHAT", 3]]) });
  {
    await using client = await heads();
    assert.equal((await server.push({ thirdMsgId: "a", payload: "again" })).msg, "SUCCESS");
    await client.until(() => ids(client, "UCHAT").length === 1);
    assert.deepEqual(client.batches("UCHAT").map(({ from, to }) => [from, to]), [[3, 4]]);
  }
  // the pinned row goes with the one that follows it
  await sweep(server.services.sql, clock.now() + 31 * DAY, noPause);
  assert.deepEqual(await rows(server), [{ id: 4, mid: null, payload: null }]);
  for (const thirdMsgId of ["a", "b"]) await server.push({ thirdMsgId });
  assert.deepEqual((await rows(server)).map((row) => row.id), [4, 5, 6]);
});

Deno.test("[PER-1] the sweeper works in small batches with pauses between, and pushes go on meanwhile", async () => {
  await using server = await startServer();
  const { sql } = server.services;
  const config = configNo(server, "UCHAT");
  const old = Date.now() - 31 * DAY;
  await sql`insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload)
    select c.instance, 'u-' || n % 50, c.no, n, 'm-' || n, ${old}::bigint + n, ${old}::bigint + n, false, 't', 'x'
    from config c, generate_series(1, 2600) n where c.no = ${config}`;
  let pauses = 0;
  const answers: string[] = [];
  const swept = await sweep(sql, Date.now(), async () => {
    pauses++;
    answers.push((await server.push({ linkToken: `u-${pauses}` })).msg);
  });
  assert.deepEqual(swept, { payloads: 2600, rows: 2600 });
  assert.ok(pauses >= 10, `${pauses} pauses`);
  assert.ok(answers.every((msg) => msg === "NOT_ONLINE"), answers.join());
  const [left] = await sql`select count(*)::int as n from op where mid like 'm-%'`;
  assert.equal(left?.n, 0);
  const [heads] = await sql`select count(*)::int as n from op where payload is null`;
  assert.ok(heads?.n <= 50, "of each stream at most one old row, which remembers the head");
});

Deno.test("[PER-1] [FLT-3] with a payload go what is owed and what was sent of it, of global streams too", async () => {
  await using server = await startServer();
  const validTimeEnd = Date.now() + 60_000;
  await server.push({ appMinVersion: "9", validTimeEnd });
  await server.push({ validTimeEnd });
  await server.pushGlobal({ appMinVersion: "9", validTimeEnd });
  await server.pushGlobal({ validTimeEnd });
  {
    await using client = await phone(server);
    await client.until(() => coveredTo(client, "UCHAT") === 2 && coveredTo(client, "GLOBAL-SDK-CONFIG") === 2);
  }
  const { sql, recorder } = server.services;
  const count = async () => {
    await recorder.flush();
    const [row] =
      await sql`select (select count(*)::int from owed) as owed, (select count(*)::int from delivery) as sent`;
    return row;
  };
  assert.deepEqual(await count(), { owed: 2, sent: 2 });
  await sweep(sql, validTimeEnd, noPause);
  assert.deepEqual(await count(), { owed: 0, sent: 0 });
});

Deno.test("[CFG-3] [PER-1] a shortened retention acts at the next send and the next sweep; a longer one brings nothing back", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await server.push({ payload: "old" });
  await server.push({ bizType: "TRADE-RESULT", payload: "old" });
  clock.advance(2 * DAY);
  await server.push({ payload: "new" });
  for (const biz of ["UCHAT", "TRADE-RESULT"]) await changeConfig(server, biz, { retentionDays: 1 });
  {
    await using client = await phone(server);
    await client.until(() => ids(client, "UCHAT").length > 0);
    await client.settled();
    assert.deepEqual([client.payloads("UCHAT"), client.payloads("TRADE-RESULT")], [["new"], []]);
  }
  await sweep(server.services.sql, clock.now(), noPause);
  for (const biz of ["UCHAT", "TRADE-RESULT"]) await changeConfig(server, biz, { retentionDays: 30 });
  await using client = await phone(server, { deviceId: "d-2" });
  await client.until(() => ids(client, "UCHAT").length > 0);
  await client.settled();
  assert.deepEqual([client.payloads("UCHAT"), client.payloads("TRADE-RESULT")], [["new"], []]);
});

Deno.test("[CFG-5] the sweeper removes what belonged to a deleted config, with what was owed, sent and acked of it", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "T" });
  for (const fields of [{}, { osType: "ios" }, {}]) await server.push({ bizType: "T", ...fields });
  {
    await using client = await phone(server);
    await client.until(() => coveredTo(client, "T") === 3);
    client.ack("T", 1);
    await client.settled();
  }
  const { sql, recorder, catalog } = server.services;
  await recorder.flush();
  await sql`update config set status = 'offline', deleted_at = 1 where biz_type = 'T'`;
  await catalog.refresh();
  assert.equal((await server.push({ bizType: "T" })).msg, "BIZ_NOT_ONLINE");
  await sweep(sql, Date.now(), noPause);
  for (const table of ["op", "arrival", "delivery", "owed", "sync_point"]) {
    const [row] = await sql`select count(*)::int as n from ${sql(table)} where config not in (
      select no from config where deleted_at is null)`;
    assert.equal(row?.n, 0, table);
  }
});
