import assert from "node:assert/strict";
import { openSql } from "../../db/sql.ts";
import { ACTOR, catalogDatabase, liveCatalog, nextChange, USER_CONFIG } from "../support/catalog.ts";
import { testDatabase } from "../support/database.ts";

const HOUR_MS = 3600_000;

Deno.test("[CFG-4] a change by another process is seen by its announcement, with before and after", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await using catalog = await liveCatalog(db, { pollMs: HOUR_MS });
  const changed = nextChange(catalog);
  await db.store.setConfigStatus(ACTOR, { instanceNo: db.instanceNo, bizType: "TRADE-RESULT" }, "offline");
  const { configs: [config], instances } = await changed;
  assert.deepEqual([config?.before?.status, config?.after?.status], ["online", "offline"]);
  assert.deepEqual(instances, []);
  assert.equal(catalog.config(db.instanceNo, "TRADE-RESULT")?.status, "offline");
});

Deno.test("[CFG-4] where announcements are lost, the poll sees a change within a second", async () => {
  await using db = await catalogDatabase();
  await using elsewhere = await testDatabase();
  await using catalog = await liveCatalog(db, { connect: () => openSql(elsewhere.url, { max: 1 }) });
  const changed = nextChange(catalog);
  const start = performance.now();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await changed;
  assert(performance.now() - start < 1500, "the poll runs each second");
});

Deno.test("[CFG-4] a listening connection that was cut is mended", async () => {
  await using db = await catalogDatabase();
  await using catalog = await liveCatalog(db, { pollMs: HOUR_MS });
  await db.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query ilike 'listen%'`;
  await listening(db.sql);
  const changed = nextChange(catalog);
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await changed;
});

Deno.test("[CFG-4] a listening connection that could not be mended at once is replaced by the poll", async () => {
  await using db = await catalogDatabase();
  await using dead = await testDatabase();
  let connects = 0;
  await using catalog = await liveCatalog(db, {
    pollMs: 20,
    connect: () => openSql(connects++ === 0 ? dead.url : db.url, { max: 1 }),
  });
  // The first connection hears nothing of this database: a poll sees the change, and the next one listens anew.
  const seen = nextChange(catalog);
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await seen;
  await listening(db.sql);
  assert.equal(connects, 2);
});

Deno.test("[CFG-5] a deleted config is gone from the cache, and told with `after` undefined", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  const key = { instanceNo: db.instanceNo, bizType: "TRADE-RESULT" };
  await db.store.setConfigStatus(ACTOR, key, "offline");
  await using catalog = await liveCatalog(db, { pollMs: HOUR_MS });
  const no = catalog.config(db.instanceNo, "TRADE-RESULT")?.no ?? 0;
  const changed = nextChange(catalog);
  await db.store.deleteConfig(ACTOR, key);
  const { configs } = await changed;
  assert.deepEqual(configs.map((pair) => [pair.before?.no, pair.after]), [[no, undefined]]);
  assert.equal(catalog.configByNo(no), undefined);
  assert.deepEqual(catalog.configsOf(db.instanceNo), []);
});

Deno.test("[INS-1] a config of one instance is not found under another", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await db.store.createInstance(ACTOR, { workspaceId: "prod", appId: "app", name: "Other" });
  await using catalog = await liveCatalog(db, { pollMs: HOUR_MS });
  const other = catalog.instance("prod_app");
  assert.equal(catalog.config(other?.no ?? 0, "TRADE-RESULT"), undefined);
  assert.notEqual(catalog.instance("sit_app")?.epoch, other?.epoch);
});

Deno.test("refresh sees every change that was committed before the call", async () => {
  await using db = await catalogDatabase();
  await using silent = await testDatabase();
  await using catalog = await liveCatalog(db, { pollMs: HOUR_MS, connect: () => openSql(silent.url, { max: 1 }) });
  for (let n = 0; n < 20; n++) {
    const running = catalog.refresh();
    await db.store.createConfig(ACTOR, db.instanceNo, { ...USER_CONFIG, bizType: `B-${n}` });
    await catalog.refresh();
    assert(catalog.config(db.instanceNo, `B-${n}`), `B-${n} is seen`);
    await running;
  }
});

Deno.test("a listener that throws is reported and does not silence the others", async () => {
  await using db = await catalogDatabase();
  const errors: unknown[] = [];
  await using catalog = await liveCatalog(db, { pollMs: HOUR_MS, onError: (error) => errors.push(error) });
  catalog.onChange(() => {
    throw new Error("broken listener");
  });
  const changed = nextChange(catalog);
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await changed;
  assert.match(String(errors), /broken listener/);
});

/** Waits until a connection listens on this database. */
async function listening(sql: ReturnType<typeof openSql>): Promise<void> {
  while (
    (await sql`select from pg_stat_activity where datname = current_database() and query ilike 'listen%'`).length < 1
  );
}
