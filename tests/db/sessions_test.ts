import assert from "node:assert/strict";
import { postgresSessions } from "../../db/sessions_postgres.ts";
import type { SessionClaim } from "../../db/sessions.ts";
import { openSql, type Sql } from "../../db/sql.ts";
import { testDatabase } from "../support/database.ts";

const NOW = 1_732_000_000_000;

const hello = (connection: string, seq: number, fields: Partial<SessionClaim> = {}): SessionClaim => ({
  instance: 1,
  deviceId: "d-1",
  connection,
  seq,
  os: "android",
  appVersion: "1.0",
  foreground: true,
  userId: null,
  connectedAt: NOW,
  ...fields,
});

/** Two nodes on one database, and what the database told each of them. */
async function nodes() {
  const database = await testDatabase();
  const sql = openSql(database.url, { max: 4 });
  const evicted: string[] = [];
  const { unlisten } = await sql.listen("syncline_evict", (payload) => void evicted.push(payload));
  const a = postgresSessions(sql, "node-a"), b = postgresSessions(sql, "node-b");
  await a.beat(NOW);
  await b.beat(NOW);
  return {
    sql,
    a,
    b,
    /** Everything that was announced so far. */
    async evictions(): Promise<string[]> {
      await sql`select pg_notify('syncline_evict', 'end')`;
      while (!evicted.includes("end")) await sql`select 1`;
      return evicted.splice(0, evicted.indexOf("end") + 1).slice(0, -1);
    },
    async [Symbol.asyncDispose]() {
      await unlisten();
      await sql.end({ timeout: 1 });
      await database[Symbol.asyncDispose]();
    },
  };
}

const held = async (sql: Sql) =>
  (await sql<{ device: string; connection: string }[]>`select device, connection from session order by 1`)
    .map(({ device, connection }) => `${device} ${connection}`);

Deno.test("[DEV-3] the newer connection takes the device over, and the node of the older one is told", async () => {
  await using cluster = await nodes();
  assert.deepEqual(await cluster.a.claim([hello("c-1", 5)], NOW), [null]);
  assert.deepEqual(await cluster.b.claim([hello("c-2", 6)], NOW), [null]);
  assert.deepEqual(await held(cluster.sql), ["d-1 c-2"]);
  assert.deepEqual(await cluster.evictions(), ["node-a c-1 6"]);
  // and for when that is lost, once
  assert.equal((await cluster.b.evicted()).length, 0);
  assert.deepEqual((await cluster.a.evicted()).map((one) => ({ ...one })), [{ connection: "c-1", seq: 6 }]);
  assert.equal((await cluster.a.evicted()).length, 0);
});

Deno.test("[DEV-3] an older connection is refused with the seq that holds the device; a tie goes to the later arrival", async () => {
  await using cluster = await nodes();
  await cluster.a.claim([hello("c-1", 5)], NOW);
  assert.deepEqual(await cluster.b.claim([hello("c-2", 4)], NOW), [5]);
  assert.deepEqual(await held(cluster.sql), ["d-1 c-1"]);
  assert.deepEqual(await cluster.evictions(), []);
  assert.deepEqual(await cluster.b.claim([hello("c-3", 5)], NOW), [null]);
  assert.deepEqual(await held(cluster.sql), ["d-1 c-3"]);
});

Deno.test("[DEV-3] on its own node the registry has decided already, and the row of a dead node refuses nobody", async () => {
  await using cluster = await nodes();
  await cluster.a.claim([hello("c-1", 5)], NOW);
  assert.deepEqual(await cluster.a.claim([hello("c-2", 1)], NOW), [null]);
  assert.deepEqual(await cluster.b.claim([hello("c-3", 0)], NOW + 60_000), [null]);
});

Deno.test("[DEV-3] of several hellos of one device in one batch the last one counts; other devices go by", async () => {
  await using cluster = await nodes();
  const claims = [hello("c-1", 5), hello("c-2", 6), hello("c-9", 1, { deviceId: "d-2" })];
  assert.deepEqual(await cluster.a.claim(claims, NOW), [6, null, null]);
  assert.deepEqual(await held(cluster.sql), ["d-1 c-2", "d-2 c-9"]);
});

Deno.test("[DEV-3] a late goodbye of the old connection, or a late change, does not touch its successor's row", async () => {
  await using cluster = await nodes();
  await cluster.a.claim([hello("c-1", 5)], NOW);
  await cluster.b.claim([hello("c-2", 6)], NOW);
  const change = { instance: 1, deviceId: "d-1", foreground: false, userId: "u-9", consistency: null };
  await cluster.a.update([{ ...change, connection: "c-1" }]);
  await cluster.a.release([{ instance: 1, deviceId: "d-1", connection: "c-1" }]);
  const [row] = await cluster.sql`select connection, user_id, foreground from session`;
  assert.deepEqual({ ...row }, { connection: "c-2", user_id: null, foreground: true });
  await cluster.b.release([{ instance: 1, deviceId: "d-1", connection: "c-2" }]);
  assert.deepEqual(await held(cluster.sql), []);
});

Deno.test("a node that leaves takes its rows along, and one that is dead for a minute loses them", async () => {
  await using cluster = await nodes();
  await cluster.a.claim([hello("c-1", 5)], NOW);
  await cluster.b.claim([hello("c-2", 5, { deviceId: "d-2" })], NOW);
  await cluster.a.leave();
  assert.deepEqual(await held(cluster.sql), ["d-2 c-2"]);
  await cluster.a.beat(NOW + 60_000);
  assert.deepEqual(await held(cluster.sql), ["d-2 c-2"]);
  await cluster.a.beat(NOW + 60_001);
  assert.deepEqual(await held(cluster.sql), []);
});

Deno.test("[OPS-5] the nodes of an owner's other sessions are told to close them, and can ask for it once", async () => {
  await using cluster = await nodes();
  await cluster.a.claim([hello("c-1", 1, { userId: "u-1" }), hello("c-2", 1, { deviceId: "d-2", userId: "u-2" })], NOW);
  await cluster.b.claim([hello("c-3", 1, { deviceId: "d-3", userId: "u-1" })], NOW);
  assert.equal(await cluster.b.kickElsewhere(1, { userId: "u-1" }), 1);
  assert.equal(await cluster.b.kickElsewhere(1, { deviceId: "d-2" }), 1);
  assert.equal(await cluster.b.kickElsewhere(1, { deviceId: "d-3" }), 0);
  const ended = (await cluster.a.evicted()).map(({ connection, seq }) => [connection, seq]).sort();
  assert.deepEqual(ended, [["c-1", null], ["c-2", null]]);
  assert.deepEqual([await cluster.a.evicted(), await cluster.b.evicted()].map((rows) => rows.length), [0, 0]);
});
