import assert from "node:assert/strict";
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
