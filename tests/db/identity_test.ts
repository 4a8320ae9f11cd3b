import assert from "node:assert/strict";
import { openSql, type Sql } from "../../db/sql.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import { testLog } from "../support/log.ts";
import { newOp } from "../support/new_op.ts";

async function nextId(sql: Sql, config: number): Promise<number> {
  const [result] = await postgresOplog(sql).append([newOp(config)]);
  assert.ok(result?.outcome === "stored");
  return result.id;
}

Deno.test("[STR-1] a copy of the database is another one: its ids jump above those that the first goes on giving out", async () => {
  await using log = await testLog();
  assert.equal(await nextId(log.sql, log.config), 1);
  await log.sql.end();
  const admin = openSql(new URL("/postgres", log.url).href, { max: 1 });
  const name = new URL(log.url).pathname.slice(1), copy = `${name}_copy`;
  await admin.unsafe(`create database ${copy} template ${name} strategy file_copy`);
  const [first, restored] = [openSql(log.url, { max: 1 }), openSql(new URL(`/${copy}`, log.url).href, { max: 2 })];
  try {
    assert.equal(await nextId(first, log.config), 2);
    const jumped = await nextId(restored, log.config);
    assert.ok(jumped > 1_000_000_000, String(jumped));
    // found out once, not by every connection
    const again = await Promise.all([nextId(restored, log.config), nextId(restored, log.config)]);
    assert.deepEqual(again.sort(), [jumped + 1, jumped + 2]);
  } finally {
    await Promise.all([first.end(), restored.end()]);
    await admin.unsafe(`drop database ${copy} with (force)`);
    await admin.end();
  }
});

Deno.test("[STR-1] every new connection compares: a fail-over under a running server is found out", async () => {
  await using log = await testLog();
  const pool = log.otherPool(2);
  assert.deepEqual([await nextId(pool, log.config), await nextId(pool, log.config)], [1, 2]);
  // the database that answers from now on has another timeline
  await log.sql`update meta set value = regexp_replace(value, ':[0-9A-F]{8}:', ':000000FF:') where key = 'identity'`;
  assert.equal(await nextId(pool, log.config), 3, "a connection that has compared does not ask again");
  await log.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`;
  const id = await nextId(pool, log.config).catch(() => nextId(pool, log.config));
  assert.ok(id > 1_000_000_000, String(id));
  const [identity] = await log.sql<{ same: boolean }[]>`
    select value = database_identity() as same from meta where key = 'identity'`;
  assert.equal(identity?.same, true);
});

Deno.test("[STR-1] the same database is recognised: a new pool goes on where the last one stood", async () => {
  await using log = await testLog();
  assert.equal(await nextId(log.sql, log.config), 1);
  assert.equal(await nextId(log.otherPool(), log.config), 2);
});
