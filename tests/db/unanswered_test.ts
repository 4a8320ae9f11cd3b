/** A database that owes an answer and says nothing any more, and all that must not be taken for that. */
import assert from "node:assert/strict";
import { delay } from "es-toolkit";
import { openSql, type Sql } from "../../db/sql.ts";
import { testDatabase } from "../support/database.ts";
import { Proxy } from "../support/proxy.ts";

const SILENCE_MS = 450;

/** A pool of one connection to the database, by way of a proxy. */
function connect(url: string, proxy: Proxy): Sql {
  const through = new URL(url);
  through.port = String(proxy.port);
  return openSql(through.href, { max: 1, silenceMs: SILENCE_MS });
}

const proxyTo = (url: string) => new Proxy(Number(new URL(url).port), Math.random);

Deno.test("[PUSH-3] calls that a database leaves without an answer fail, in a transaction, too, and the pool goes on", async (t) => {
  await using database = await testDatabase();
  for (const side of ["up", "down"] as const) {
    await t.step(side, async () => {
      await using proxy = proxyTo(database.url);
      const sql = connect(database.url, proxy);
      try {
        await sql`select 1`;
        proxy.stall(1, 5_000, side);
        const silent = { code: "ETIMEDOUT" };
        const calls = [sql`select 2`, sql`select ${3}::int`];
        await Promise.all(calls.map((call) => assert.rejects(call, silent)));
        assert.deepEqual([...await sql`select 4 as n`], [{ n: 4 }]);
        const lost = sql.begin(async (tx) => {
          await tx`select 1`;
          proxy.stall(1, 5_000, side);
          await tx`select 2`;
        });
        await assert.rejects(lost, { code: "CONNECTION_CLOSED" });
        assert.deepEqual([...await sql`select 5 as n`], [{ n: 5 }]);
      } finally {
        await sql.end({ timeout: 1 });
      }
    });
  }
});

Deno.test("[CFG-4] a connection that waits for nothing may be silent, whatever it has done before", async () => {
  await using database = await testDatabase();
  await using proxy = proxyTo(database.url);
  const sql = connect(database.url, proxy);
  let told = 0;
  const { state } = await sql.listen("channel", () => void told++);
  try {
    await Promise.all([1, 2, 3].map((n) => sql`select ${n}::int, repeat('x', 100000) from generate_series(1, 20)`));
    await assert.rejects(sql`select nothing`);
    await assert.rejects(sql`select nothing where ${1} = 1`);
    await assert.rejects(sql`select 1 / ${0}::int`);
    await sql.unsafe("select 1; select 2");
    await assert.rejects(sql.unsafe("select 1; select 1 / 0"));
    await sql.begin((tx) => [tx`select ${1}::int`, tx`select 2`, tx`select ${3}::text`]);
    await assert.rejects(sql.begin(async (tx) => await tx`select 1 / ${0}::int`));
    const cancelled = sql`select pg_sleep(10)`;
    setTimeout(() => cancelled.cancel(), 50);
    await assert.rejects(cancelled);
    await sql`select pg_notify('channel', '')`;
    const pid = () => sql<{ pid: number }[]>`select pg_backend_pid() as pid`.then(([row]) => row!.pid);
    const before = await pid();
    await delay(2 * SILENCE_MS);
    assert.equal(await pid(), before);
    const [listening] = await sql<{ pid: number }[]>`
      select pid from pg_stat_activity where query like 'listen%' and datname = current_database()`;
    assert.deepEqual([listening?.pid, told], [state.pid, 1]);
  } finally {
    await sql.end({ timeout: 1 });
  }
});
