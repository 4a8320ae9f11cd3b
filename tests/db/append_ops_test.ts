/** `append_ops` (db/migrations/003_append.sql) on its two ways: all ops are new, or each is judged. */
import assert from "node:assert/strict";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import { outcomes, type TestLog, testLog } from "../support/log.ts";
import { newOp } from "../support/new_op.ts";

/** What the rows of these mids say, in that order: their ids. */
async function idsOf(log: TestLog, mids: string[]): Promise<(number | undefined)[]> {
  const rows = await log.sql<{ id: number; mid: string }[]>`select id, mid from op where mid = any(${mids})`;
  const ids = new Map(rows.map(({ mid, id }) => [mid, id]));
  return mids.map((mid) => ids.get(mid));
}

for (const method of ["enable_hashjoin", "enable_mergejoin", "enable_nestloop"]) {
  Deno.test(`[STR-1] each op of a batch is answered with the id of its own row, also where Postgres prefers ${method}`, async () => {
    await using log = await testLog();
    const configs = [log.config];
    for (const bizType of ["A", "B", "C"]) configs.unshift(await log.newConfig({ bizType }));
    const sql = log.otherPool(1);
    const methods = ["enable_hashjoin", "enable_mergejoin", "enable_nestloop"].filter((one) => one !== method);
    await sql`select set_config(one, 'off', false) from unnest(${methods}::text[]) one`;
    const oplog = postgresOplog(sql);
    let ops = 0;
    for (let batch = 0; batch < 6; batch++) {
      const all = Array.from({ length: 40 }, () => {
        const n = ops++ * 7;
        return newOp(configs[n % 4]!, { owner: `u-${n % 9}`, mid: `${method}-${n}` });
      });
      assert.deepEqual(outcomes(await oplog.append(all)), await idsOf(log, all.map(({ mid }) => mid)));
    }
    const gaps = await log.sql`select from op group by config, owner having max(id) <> count(*)`;
    assert.equal(gaps.length, 0, "every stream from 1, without gaps");
  });
}

Deno.test("[PUSH-4] [PUSH-6] [PUSH-7] what is not new in a batch is told, and what is new keeps its place", async () => {
  await using log = await testLog();
  const { config } = log;
  const offline = await log.newConfig({ bizType: "OFF" });
  await log.sql`update config set status = 'offline' where no = ${offline}`;
  await log.log.append([newOp(config, { mid: "old" })]);
  const at = Date.now();
  const odd = { old: { mid: "old" }, expired: { at, validUntil: at }, offline: {} };
  for (const [name, fields] of Object.entries(odd)) {
    // a connection of its own: what it has just seen makes it judge the next batches
    const oplog = postgresOplog(log.otherPool(1));
    const [before] = await log.sql<{ id: number }[]>`select max(id) as id from op where owner = 'u-1'`;
    const new1 = newOp(config), new2 = newOp(config), elsewhere = newOp(config, { owner: name });
    const results = await oplog.append([new1, newOp(name === "offline" ? offline : config, fields), elsewhere, new2]);
    assert.deepEqual([outcomes(results)[1], outcomes(results)[2]], [name === "old" ? "duplicate" : name, 1]);
    const [first, , , last] = outcomes(results) as number[];
    assert.equal(first, before!.id + 1, "nothing is left of the attempt");
    assert.ok(last! > first!);
    assert.deepEqual(await idsOf(log, [new1.mid, elsewhere.mid, new2.mid]), [first, 1, last]);
  }
});

Deno.test("[PUSH-4] a connection that saw a repeat judges the next batches, then takes all for new again", async () => {
  await using log = await testLog();
  const sql = log.otherPool(1), oplog = postgresOplog(sql);
  const undone = async () => {
    const [row] = await log.sql<{ n: number }[]>`select sum(n)::int as n from stat_delta`;
    const [next] = await sql<{ left: string | null }[]>`select current_setting('syncline.careful', true) as left`;
    return { counted: row!.n, judged: Number(next!.left) };
  };
  const key = newOp(log.config);
  assert.deepEqual(outcomes(await oplog.append([key])), [1]);
  assert.deepEqual(outcomes(await oplog.append([newOp(log.config), key])), [2, "duplicate"]);
  assert.deepEqual(await undone(), { counted: 2, judged: 20 });
  for (let n = 0; n < 20; n++) assert.deepEqual(outcomes(await oplog.append([newOp(log.config)])), [3 + n]);
  assert.deepEqual(await undone(), { counted: 22, judged: 0 });
  assert.deepEqual(outcomes(await oplog.append([newOp(log.config), key])), [23, "duplicate"]);
  assert.deepEqual(await undone(), { counted: 23, judged: 20 });
});
