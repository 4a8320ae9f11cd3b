/** Changes of the catalog that come at the same time as each other, or as pushes. */
import assert from "node:assert/strict";
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import { deleteConfig } from "../../db/config_changes_postgres.ts";
import { postgresDelivery } from "../../db/delivery_postgres.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import type { Sql } from "../../db/sql.ts";
import { ACTOR, USER_CONFIG } from "../support/catalog.ts";
import { configNo, outcomes, type TestLog, testLog } from "../support/log.ts";
import { newOp } from "../support/new_op.ts";

/** Waits until so many calls wait for a lock. */
async function waiting({ sql }: TestLog, calls: number): Promise<void> {
  const n = () => sql`select from pg_locks where not granted`.then((rows) => rows.length);
  while (await n() < calls);
}

Deno.test("[CFG-5] [STR-1] made again while it is being deleted, a config goes on with higher ids", async () => {
  await using log = await testLog();
  const { store, instanceNo } = log.catalog;
  const key = { instanceNo, bizType: "UCHAT" };
  await log.log.append([newOp(log.config), newOp(log.config)]);
  await store.setConfigStatus(ACTOR, key, "offline");
  let changes: Promise<unknown[]> | undefined;
  await log.otherPool(1).begin(async (tx) => {
    await tx`lock table record in share mode`; // the deletion has done all but its record
    const deleted = store.deleteConfig(ACTOR, key);
    await waiting(log, 1);
    const made = store.createConfig(ACTOR, instanceNo, { ...USER_CONFIG, bizType: "UCHAT" });
    changes = Promise.all([deleted, made]);
    await waiting(log, 2);
  });
  await changes;
  assert.deepEqual(outcomes(await log.log.append([newOp(await configNo(log.sql, "UCHAT"))])), [3]);
});

Deno.test("[CFG-5] a config is deleted also where its ops are too many to find the highest id in one statement", async () => {
  await using log = await testLog();
  const { store, instanceNo } = log.catalog;
  const key = { instanceNo, bizType: "UCHAT" };
  // by time: 3 ops, 40 of one moment, 30 more; the highest id is the last of that moment
  const insert = (owner: string, at: (n: number) => string, n: number) =>
    log.sql.unsafe(`insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload)
      select ${instanceNo}, '${owner}', ${log.config}, n, 'm-' || n, ${at(n)}, 9e15, false, 't', 'x'
      from generate_series(1, ${n}) n`);
  await insert("u-1", () => "n", 3);
  await insert("u-2", () => "10", 40);
  await insert("u-3", () => "10 + n", 30);
  await store.setConfigStatus(ACTOR, key, "offline");
  await deleteConfig(log.sql, ACTOR, key, 7);
  const [config] = await log.sql`select floor from config where deleted_at is not null`;
  assert.deepEqual(config, { floor: 40 });
  assert.equal((await store.load()).configs.length, 0);
});

Deno.test("[STR-2] ids jump after the pushes under way: no reader is past an op that is still to come", async () => {
  await using log = await testLog();
  const { store, instanceNo } = log.catalog;
  const target = { instance: instanceNo, subject: "u-1", config: log.config, device: "d-1" };
  const request = { ...target, owner: "u-1", after: 0, limit: 10, unarrived: false, threshold: null };
  const read = () => postgresDelivery(log.sql).pages([request]).then(([page]) => page!);
  let jump: Promise<void> | undefined;
  let early: number | undefined;
  const id = await log.otherPool(1).begin(async (tx) => {
    const appended = await postgresOplog(tx as unknown as Sql).append([newOp(log.config)]);
    jump = store.jumpIds(ACTOR, instanceNo);
    await Promise.race([jump, waiting(log, 1)]);
    early = (await read()).upTo;
    return Number(outcomes(appended)[0]);
  });
  assert.ok(early! < id, `covered up to ${early} while ${id} was under way`);
  await jump;
  const { ops, upTo } = await read();
  assert.deepEqual(ops.map((op) => op.id), [id]);
  assert.ok(upTo > 1_000_000_000);
});

Deno.test("[CFG-4] [STR-1] a config is taken offline, and an operator lets ids jump, while a push finds a fail-over out", async (t) => {
  for (const change of ["offline", "jump"] as const) {
    await t.step(change, async () => {
      await using log = await testLog();
      const { instanceNo } = log.catalog;
      await log
        .sql`update meta set value = regexp_replace(value, ':[0-9A-F]{8}:', ':000000FF:') where key = 'identity'`;
      const store = postgresCatalog(log.otherPool(1));
      let changed: Promise<void> | undefined;
      const [appended] = await log.otherPool(1).begin(async (tx) => {
        await tx`select ensure_identity()`; // the first part of an append
        changed = change === "jump"
          ? store.jumpIds(ACTOR, instanceNo)
          : store.setConfigStatus(ACTOR, { instanceNo, bizType: "UCHAT" }, "offline");
        await waiting(log, 1);
        return await postgresOplog(tx as unknown as Sql).append([newOp(log.config)]);
      });
      assert.equal(appended!.outcome, "stored");
      await changed;
    });
  }
});
