import assert from "node:assert/strict";
import { openSql, type Sql } from "../../db/sql.ts";
import { testDatabase } from "../support/database.ts";
import { startProcess } from "../support/process.ts";
import { message, post } from "../support/rest.ts";

/** All connections of the server, whatever they are doing. */
const terminateAll = (sql: Sql) =>
  sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
    and application_name = 'syncline' and pid <> pg_backend_pid()`;

/** The driver may spoil the first queries of a new connection with what is left of the old one's. */
async function recovers(sql: Sql): Promise<void> {
  const rows = async () => JSON.stringify(await sql`select 1 as one`.catch(() => []));
  for (let n = 0; n < 3; n++) if (await rows() === `[{"one":1}]`) return;
  assert.fail("the pool does not recover");
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

Deno.test("[PUSH-3] a transaction whose connection dies fails, and the pool goes on", async (t) => {
  await using database = await testDatabase();
  const ways: [string, (tx: Pick<Sql, "unsafe">, pid: number, other: Sql) => Promise<unknown>][] = [
    ["told by the database", (tx) => tx.unsafe("select pg_terminate_backend(pg_backend_pid())")],
    ["from outside, while a query runs", (tx, pid, other) => {
      const query = tx.unsafe("select pg_sleep(60)");
      return Promise.all([query, other`select pg_terminate_backend(${pid})`]);
    }],
  ];
  for (const [name, die] of ways) {
    await t.step(name, async () => {
      const [sql, other] = [openSql(database.url, { max: 1 }), openSql(database.url, { max: 1 })];
      for (let n = 0; n < 5; n++) {
        const dying = sql.begin(async (tx) => {
          const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
          await die(tx, row!.pid, other);
        });
        await assert.rejects(dying);
        await recovers(sql);
      }
      await sql.end();
      await other.end();
    });
  }
});

Deno.test("[PUSH-3] errors of a transaction's own are rolled back and thrown as they are", async () => {
  await using database = await testDatabase();
  const sql = openSql(database.url, { max: 1 });
  await sql`create table t (n int primary key)`;
  const own = new Error("own");
  await assert.rejects(sql.begin(async (tx) => (await tx`insert into t values (1)`, Promise.reject(own))), own);
  await assert.rejects(sql.begin((tx) => [tx`insert into t values (2)`, tx`insert into t values (2)`]), {
    code: "23505",
  });
  const [rows] = await sql.begin("read only", (tx) => [tx`select count(*)::int from t`]);
  assert.deepEqual([...rows], [{ count: 0 }]);
  await sql.end();
});

Deno.test("[PUSH-3] the server outlives the loss of all its database connections, again and again, under load", async () => {
  await using database = await testDatabase();
  await using server = await startProcess({ DATABASE_URL: database.url, LOG_LEVEL: "error" });
  const sql = openSql(database.url, { max: 1 });
  let done = false;
  const accepted: string[] = [];
  const caller = async () => {
    while (!done) {
      const body = message();
      const answer = await post(server, body).catch(() => undefined);
      if (answer?.body.success) accepted.push(String(body.thirdMsgId));
      else await pause(2);
    }
  };
  const callers = Array.from({ length: 16 }, caller);
  for (let n = 0; n < 60; n++) {
    await pause(20 + Math.random() * 60);
    await terminateAll(sql);
  }
  const before = accepted.length;
  while (accepted.length < before + 200) {
    await Promise.race([
      pause(20),
      server.status.then(() => assert.fail(server.output())),
    ]);
  }
  done = true;
  await Promise.all(callers);
  const rows = await sql<{ mid: string }[]>`select mid from op where mid is not null`;
  const stored = new Set(rows.map((row) => row.mid));
  assert.deepEqual(accepted.filter((mid) => !stored.has(mid)), [], "answered true, and not there");
  await sql.end();
});
