import assert from "node:assert/strict";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import { ACTOR } from "../support/catalog.ts";
import { configNo, outcomes, testLog } from "../support/log.ts";
import { newOp } from "../support/new_op.ts";

Deno.test("[STR-1] ids of a stream rise from 1, each stream has its own, and prev is the head before", async () => {
  await using log = await testLog();
  const results = await log.log.append([
    newOp(log.config),
    newOp(log.config, { owner: "u-2" }),
    newOp(log.config),
    newOp(log.config),
  ]);
  assert.deepEqual(results, [
    { outcome: "stored", id: 1, prev: 0 },
    { outcome: "stored", id: 1, prev: 0 },
    { outcome: "stored", id: 2, prev: 1 },
    { outcome: "stored", id: 3, prev: 2 },
  ]);
  assert.deepEqual(await log.log.append([newOp(log.config)]), [{ outcome: "stored", id: 4, prev: 3 }]);
});

Deno.test("[PUSH-4] one key stores once: within a batch, across batches, and again under another owner or config", async () => {
  await using log = await testLog();
  const { config } = log;
  const other = await log.newConfig({ bizType: "OTHER" });
  const key = { mid: "m-1" };
  assert.deepEqual(
    outcomes(await log.log.append([newOp(config, key), newOp(config, key), newOp(config), newOp(config, key)])),
    [1, "duplicate", 2, "duplicate"],
  );
  assert.deepEqual(
    outcomes(await log.log.append([newOp(config, key), newOp(config, { ...key, owner: "u-2" }), newOp(other, key)])),
    ["duplicate", 1, 1],
  );
});

Deno.test("[PUSH-4] of 100 simultaneous appends of one key over many connections exactly one stores", async () => {
  await using log = await testLog();
  const pools = [log.otherPool(4), log.otherPool(4)];
  const logs = pools.map(postgresOplog);
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, n) => logs[n % 2]!.append([newOp(log.config, { mid: "m-1" })])),
  );
  const stored = results.flat().filter(({ outcome }) => outcome === "stored");
  assert.deepEqual([stored.length, results.flat().filter((one) => one.outcome === "duplicate").length], [1, 99]);
  const [row] = await log.sql<{ n: number }[]>`select count(*)::int as n from op`;
  assert.equal(row?.n, 1);
});

for (const isolation of ["repeatable read", "serializable"]) {
  Deno.test(`[STR-1] simultaneous appends are stored also where the database's default isolation is ${isolation}`, async () => {
    await using log = await testLog();
    const name = new URL(log.url).pathname.slice(1);
    await log.sql.unsafe(`alter database ${name} set default_transaction_isolation = '${isolation}'`);
    const logs = [log.otherPool(4), log.otherPool(4)].map(postgresOplog);
    const appends = Array.from({ length: 40 }, (_, n) => logs[n % 2]!.append([newOp(log.config)]));
    const results = await Promise.allSettled(appends);
    const ids = results.map((one) => one.status === "fulfilled" ? outcomes(one.value)[0] : one.reason.code);
    assert.deepEqual(ids.sort(), Array.from({ length: 40 }, (_, n) => n + 1).sort());
  });
}

Deno.test("[PUSH-6] what has expired is not stored, unless it is a duplicate; an expired copy does not take the key", async () => {
  await using log = await testLog();
  const { config } = log;
  const past = { at: 2_000, validUntil: 2_000 };
  const append = async (...ops: Parameters<typeof newOp>[1][]) =>
    outcomes(await log.log.append(ops.map((fields) => newOp(config, fields))));
  assert.deepEqual(await append({ ...past, mid: "a" }, { ...past, mid: "a" }), ["expired", "expired"]);
  assert.deepEqual(await append({ ...past, mid: "a" }, { mid: "a" }, { ...past, mid: "a" }), [
    "expired",
    1,
    "duplicate",
  ]);
  assert.deepEqual(await append({ ...past, mid: "a" }), ["duplicate"]);
});

Deno.test("[CFG-4] [PUSH-1] the status that counts is the one at the commit: unknown, deleted and offline store nothing", async () => {
  await using log = await testLog();
  const { store, instanceNo } = log.catalog;
  const deleted = await log.newConfig({ bizType: "DELETED" });
  await store.setConfigStatus(ACTOR, { instanceNo, bizType: "DELETED" }, "offline");
  assert.deepEqual(outcomes(await log.log.append([newOp(deleted), newOp(log.config), newOp(999_999)])), [
    "offline",
    1,
    "offline",
  ]);
  await store.deleteConfig(ACTOR, { instanceNo, bizType: "DELETED" });
  assert.deepEqual(outcomes(await log.log.append([newOp(deleted)])), ["offline"]);
});

Deno.test("[STR-1] [CFG-5] a config that was deleted and made again goes on with higher ids", async () => {
  await using log = await testLog();
  const { store, instanceNo } = log.catalog;
  await log.log.append([newOp(log.config), newOp(log.config), newOp(log.config, { owner: "u-2" })]);
  for (const highest of [2, 3]) {
    await store.setConfigStatus(ACTOR, { instanceNo, bizType: "UCHAT" }, "offline");
    await store.deleteConfig(ACTOR, { instanceNo, bizType: "UCHAT" });
    await log.newConfig({ bizType: "UCHAT", multiDevice: true });
    const config = await configNo(log.sql, "UCHAT");
    const results = await log.log.append([newOp(config)]);
    assert.deepEqual(results, [{ outcome: "stored", id: highest + 1, prev: highest }]);
  }
});

Deno.test("[STR-1] a jump lets the ids of every stream go on above all that can have been given out, and again higher", async () => {
  await using log = await testLog();
  await log.log.append([newOp(log.config)]);
  const ids = [];
  for (let round = 0; round < 3; round++) {
    await log.sql`select jump_ids(${log.catalog.instanceNo})`;
    const [known, fresh] = await log.log.append([newOp(log.config), newOp(log.config, { owner: `new-${round}` })]);
    assert.ok(known?.outcome === "stored" && fresh?.outcome === "stored");
    assert.equal(known.id, fresh.id);
    assert.equal(known.prev, known.id - 1);
    ids.push(known.id);
  }
  // 1,000 ids for each ms since 2024: more than any rate can have used
  const now = (Date.now() - Date.UTC(2024, 0, 1)) * 1_000;
  assert.ok(ids[0]! > now - 60_000_000 && ids[0]! < 2 ** 53 / 50, String(ids[0]));
  assert.ok(ids[1]! > ids[0]! && ids[2]! > ids[1]!);
});

Deno.test("[STR-1] a config that is made after a jump gives out no id that one of its name can have given out", async () => {
  await using log = await testLog();
  const [jump] = await log.sql<{ above: number }[]>`select jump_ids(${log.catalog.instanceNo}) as above`;
  const config = await log.newConfig({ bizType: "LOST-WITH-THE-BACKUP" });
  const [result] = await log.log.append([newOp(config)]);
  assert.ok(result?.outcome === "stored" && result.id > jump!.above, JSON.stringify(result));
});

Deno.test("[PUSH-3] commits wait for the disk, whatever the database's default is", async () => {
  await using log = await testLog();
  const name = new URL(log.url).pathname.slice(1);
  await log.sql.unsafe(`alter database ${name} set synchronous_commit = off`);
  const [row] = await log.otherPool()`select current_setting('synchronous_commit') as setting`;
  assert.equal(row?.setting, "on");
});

Deno.test("[STR-2] a server that stops in the middle of a transaction gives its streams back within seconds", async () => {
  await using log = await testLog();
  const [row] = await log.otherPool()<{ ms: number }[]>`
    select setting::int as ms from pg_settings where name = 'idle_in_transaction_session_timeout'`;
  assert.ok(row!.ms > 0 && row!.ms <= 10_000, String(row!.ms));
});

Deno.test("[THR-1] pushes that share a commit with duplicates leave gaps in the ids, and the threshold holds over them", async () => {
  await using log = await testLog();
  const config = await log.newConfig({ bizType: "NEWEST-TWO", threshold: 2 });
  const append = async (...mids: string[]) => await log.log.append(mids.map((mid) => newOp(config, { mid })));
  await append("a");
  await append("a", "a", "a", "b");
  const results = await append("c", "d");
  assert.ok(results.every(({ outcome }) => outcome === "stored"));
  const kept = await log.sql<{ mid: string }[]>`select mid from op where payload is not null order by id`;
  assert.deepEqual(kept.map(({ mid }) => mid), ["c", "d"]);
  const letters = await log.sql<{ mid: string }[]>`select mid from dead_letter where reason = 'threshold' order by id`;
  assert.deepEqual(letters.map(({ mid }) => mid), ["a", "b"]);
});
