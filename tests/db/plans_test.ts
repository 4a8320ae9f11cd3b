/** Queries stay by key in a log that has grown: what they read does not grow with it. */
import assert from "node:assert/strict";
import { postgresDelivery } from "../../db/delivery_postgres.ts";
import { saveProgress } from "../../db/progress_postgres.ts";
import { postgresSessions } from "../../db/sessions_postgres.ts";
import type { TransactionSql } from "postgres";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import { openSql, type Sql } from "../../db/sql.ts";
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
  // and one more for each page, to see whether there are any
  assert.ok(read <= 7 * 20 * 101, `${read} rows were read`);
});

Deno.test("[OPS-3] connects and flushes read what is in flight by key, also when that was planned in a quiet moment", async () => {
  await using log = await testLog();
  const [{ instance }] = await log.sql<[{ instance: number }]>`select instance from config where no = ${log.config}`;
  const target = (n: number) => ({ instance, subject: `u-${n}`, config: log.config, device: `d-${n}` });
  const fillFlight = (users: number) =>
    log.sql`insert into delivery (instance, subject, config, device, id, attempts, at)
      select ${instance}, 'u-' || s, ${log.config}, 'd-' || s, n, 0, 0
      from generate_series(1, ${users}::int) s, generate_series(1, 100) n`;
  // a storm that is over: the table is as large as it was, and holds a few rows of one user
  await fillFlight(100);
  await log.sql`delete from delivery where subject <> 'u-1' or id > 5`;
  await log.sql`vacuum analyze delivery`;
  const sql = openSql(log.url, { max: 1, byKey: true });
  try {
    const requests = Array.from({ length: 20 }, (_, n) => target(n + 1));
    const done = requests.map((one) => ({ ...one, id: 7 }));
    const nothing = { points: [], arrivals: [], sent: [], settled: [], discarded: [], at: 0 };
    const work = async (tx: Sql) => {
      // often enough for a plan that is kept
      for (let n = 0; n < 7; n++) {
        await postgresDelivery(tx).hydrate(requests);
        await saveProgress(savepoints(tx), { ...nothing, done });
      }
    };
    await rowsRead(sql, "delivery", work);
    await log.sql`delete from delivery`;
    await fillFlight(200);
    const read = await rowsRead(sql, "delivery", work);
    assert.ok(read <= 7 * 20 * 250, `${read} rows were read`);
    assert.equal((await log.sql`select from delivery where id = 7`).length, 180);
  } finally {
    await sql.end();
  }
});

Deno.test("[OPS-3] what each connect, page and flush asks is planned once for a connection, not each time", async () => {
  await using log = await testLog();
  await fill(log.sql, log.config);
  const [{ instance }] = await log.sql<[{ instance: number }]>`select instance from config where no = ${log.config}`;
  const sql = openSql(log.url, { max: 1, byKey: true });
  try {
    const store = postgresDelivery(sql);
    const target = { instance, subject: "u-1", config: log.config, device: "d-1" };
    const page = { ...target, owner: "u-1", after: 0, limit: 100, unarrived: false, threshold: null };
    const claim = {
      instance,
      deviceId: "d-1",
      connection: "c-1",
      seq: 1,
      os: "ios",
      appVersion: "1",
      foreground: true,
    };
    for (let n = 0; n < 7; n++) {
      await store.pages([page, { ...page, ids: [1, 2] }]);
      await store.hydrate([target]);
      await postgresSessions(sql, "node-1").claim([{ ...claim, userId: "u-1", connectedAt: 1 }], 1);
      await saveProgress(sql, {
        points: [{ ...target, point: n }],
        arrivals: [{ instance, owner: "u-1", config: log.config, id: n, device: "d-1", latency: 5 }],
        sent: [{ ...target, id: n + 1, attempts: 0 }],
        done: [{ ...target, id: n }],
        settled: [],
        discarded: [],
        at: 0,
      });
    }
    const plans = await sql<{ statement: string; kept: number }[]>`
      select statement, generic_plans::int as kept from pg_prepared_statements where generic_plans + custom_plans >= 7`;
    assert.ok(plans.length >= 8, `${plans.length} statements were asked often`);
    const anew = plans.filter(({ kept }) => kept === 0).map(({ statement }) => statement.slice(0, 200));
    assert.deepEqual(anew, []);
  } finally {
    await sql.end();
  }
});

/** A transaction in which others can be begun. */
const savepoints = (tx: Sql) =>
  ({ begin: (work: never) => (tx as unknown as TransactionSql).savepoint(work) }) as unknown as Sql;
