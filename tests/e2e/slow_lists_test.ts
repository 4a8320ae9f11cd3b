import assert from "node:assert/strict";
import { APPEND_LOCK } from "../../db/config_changes_postgres.ts";
import { openSql } from "../../db/sql.ts";
import { startServer } from "../support/server.ts";

const DEMO = "/api/instances/default_demo";

Deno.test("[CFG-4] the emergency stop does not wait for lists that the database is slow with", async () => {
  await using server = await startServer();
  const sql = openSql(server.databaseUrl, { max: 1 });
  const { promise: looked, resolve: release } = Promise.withResolvers<void>();
  const holding = Promise.withResolvers<void>();
  const slow = sql.begin(async (tx) => {
    await tx`lock table dead_letter in access exclusive mode`;
    holding.resolve();
    await looked;
  });
  await holding.promise;
  const lists = Array.from({ length: 6 }, () => server.admin("GET", `${DEMO}/deadletters`));
  await new Promise((resolve) => setTimeout(resolve, 200)); // they are with the database
  const before = performance.now();
  const timer = setTimeout(release, 5000);
  const answer = await server.admin("POST", `${DEMO}/configs/UCHAT/offline`);
  const took = performance.now() - before;
  clearTimeout(timer);
  release();
  await slow;
  for (const list of lists) await (await list).body?.cancel();
  await sql.end();
  assert.equal((await answer.json()).status, "offline");
  assert.ok(took < 1000, `took ${took} ms`);
});

Deno.test("[CFG-4] [CFG-5] the emergency stop does not wait for deletions of large configs", async () => {
  await using server = await startServer();
  const sql = openSql(server.databaseUrl, { max: 1 });
  await (await server.admin("POST", `${DEMO}/configs/TRADE-RESULT/offline`)).body?.cancel();
  const { promise: counted, resolve: release } = Promise.withResolvers<void>();
  const holding = Promise.withResolvers<void>();
  const slow = sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${APPEND_LOCK}, no) from config where biz_type = 'TRADE-RESULT'`;
    holding.resolve();
    await counted;
  });
  await holding.promise;
  const deletions = Array.from({ length: 3 }, () => server.admin("DELETE", `${DEMO}/configs/TRADE-RESULT`));
  await new Promise((resolve) => setTimeout(resolve, 200)); // they are with the database
  const timer = setTimeout(release, 5000);
  const before = performance.now();
  const answer = await server.admin("POST", `${DEMO}/configs/UCHAT/offline`);
  const took = performance.now() - before;
  clearTimeout(timer);
  release();
  await slow;
  const statuses = await Promise.all(deletions.map(async (deletion) => {
    const { status, body } = await deletion;
    await body?.cancel();
    return status;
  }));
  await sql.end();
  assert.deepEqual(statuses.sort(), [204, 404, 404]);
  assert.equal((await answer.json()).status, "offline");
  assert.ok(took < 1000, `took ${took} ms`);
});
