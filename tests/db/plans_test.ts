/** Queries stay by key in a log that has grown: what they read does not grow with it. */
import assert from "node:assert/strict";
import { postgresDelivery } from "../../db/delivery_postgres.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import type { Sql } from "../../db/sql.ts";
import { testLog } from "../support/log.ts";
import { newOp } from "../support/new_op.ts";

const OWNERS = 40;
const ROWS = 60_000;

/** Fills a stream for each of many owners, as if it had been pushed. */
async function fill(sql: Sql, config: number): Promise<void> {
  await sql`insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload)
    select c.instance, 'u-' || (n % ${OWNERS}), c.no, n / ${OWNERS} + 1, 'old-' || n, 0, 9e15::bigint, false, 't', 'hello'
    from config c, generate_series(0, ${ROWS - 1}) n where c.no = ${config}`;
  await sql`analyze op`;
}

/** Rows of a table that the work has read, by reading it as a whole or by its indexes. */
async function rowsRead(sql: Sql, table: string, work: (sql: Sql) => Promise<unknown>): Promise<number> {
  const read = async (tx: Sql) => {
    const [row] = await tx<{ n: number }[]>`select seq_tup_read + coalesce(idx_tup_fetch, 0) as n
      from pg_stat_xact_user_tables where relname = ${table}`;
    return row!.n;
  };
  return await sql.begin(async (tx) => {
    const before = await read(tx as unknown as Sql);
    await work(tx as unknown as Sql);
    return await read(tx as unknown as Sql) - before;
  }) as number;
}

Deno.test("[THR-1] a push of a config with a threshold reads its own stream only, however large the log is", async () => {
  await using log = await testLog();
  const config = await log.newConfig({ bizType: "NEWEST", threshold: 20 });
  await fill(log.sql, config);
  const ops = Array.from({ length: 20 }, (_, n) => newOp(config, { owner: `u-${n}` }));
  const read = await rowsRead(log.sql, "op", (sql) => postgresOplog(sql).append(ops));
  assert.ok(read < ROWS / 10, `${read} rows were read`);
});

Deno.test("[DLV-3] a page reads the deliveries of its own ops, one by one", async () => {
  await using log = await testLog();
  const { sql, config } = log;
  await fill(sql, config);
  await sql`insert into delivery (instance, subject, config, device, id, attempts, at)
    select c.instance, 'u-' || s, c.no, 'd-' || s, n, 0, 0
    from config c, generate_series(1, 30) s, generate_series(1, 1000) n where c.no = ${config}`;
  await sql`analyze delivery`;
  const [{ instance }] = await sql<[{ instance: number }]>`select instance from config where no = ${config}`;
  const requests = Array.from({ length: 20 }, (_, n) => ({
    instance,
    owner: `u-${n + 1}`,
    subject: `u-${n + 1}`,
    config,
    device: `d-${n + 1}`,
    after: 0,
    limit: 100,
    unarrived: false,
    threshold: null,
  }));
  let pages: number[] = [];
  const read = await rowsRead(sql, "delivery", async (tx) => {
    // often enough for a plan that is kept
    for (let n = 0; n < 7; n++) pages = (await postgresDelivery(tx).pages(requests)).map((page) => page.ops.length);
  });
  assert.deepEqual(pages, requests.map(() => 100));
  assert.ok(read <= 7 * 20 * 100, `${read} rows were read`);
});
