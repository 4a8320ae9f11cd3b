/**
 * Trap 1 of the design: commit order = id order per stream. The cure is the lock per stream in `append_ops`
 * (db/migrations/003_append.sql): without `pg_advisory_xact_lock(h)` the second writer is not held back by the first
 * one's delayed commit.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Sql } from "../../db/sql.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import { outcomes, testLog } from "../support/log.ts";
import { newOp } from "../support/new_op.ts";

const WRITER = fileURLToPath(new URL("../support/writer_process.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** Holds a stream as a writer does whose commit is late. */
async function delayedCommit(sql: Sql, append: (tx: Sql) => Promise<unknown>) {
  const { promise: held, resolve: holds } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: commit } = Promise.withResolvers<void>();
  const done = sql.begin(async (tx) => {
    await append(tx as unknown as Sql);
    holds();
    await goOn;
  });
  await Promise.race([held, done]);
  return { commit: () => (commit(), done) };
}

/** Waits until a backend of this database waits for an advisory lock, or nobody is left to do so. */
async function somebodyWaits(sql: Sql, nobodyLeft = () => false): Promise<void> {
  while (!nobodyLeft()) {
    const rows = await sql`select from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
    if (rows.length > 0) return;
  }
}

Deno.test("[STR-2] a commit that is late holds back the stream's next op, and no other stream", async () => {
  await using log = await testLog();
  const [slow, fast] = [log.otherPool(), log.otherPool()];
  const late = await delayedCommit(slow, (tx) => postgresOplog(tx).append([newOp(log.config)]));
  let visible = false;
  const second = postgresOplog(fast).append([newOp(log.config)]).then((results) => (visible = true, results));
  await somebodyWaits(log.sql);
  assert.deepEqual(outcomes(await log.log.append([newOp(log.config, { owner: "u-2" })])), [1]);
  const seen = await log.sql`select id from op where owner = 'u-1'`;
  assert.deepEqual([visible, seen.length], [false, 0]);
  await late.commit();
  assert.deepEqual(outcomes(await second), [2]);
});

Deno.test("[STR-2] two writer processes and a delayed commit: a reader never sees a gap that is filled later", async () => {
  await using log = await testLog();
  const count = 150;
  const start = (name: string) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        `--config=${CONFIG}`,
        WRITER,
        log.url,
        `${log.config}`,
        "u-1",
        `${count}`,
        name,
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
  const writers = [start("a"), start("b")];
  const outputs = await Promise.all(writers.map(async (writer) => {
    const lines = writer.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value?.trim(), "ready");
    return lines;
  }));
  let writing = true, reads = 0, highest = 0, delays = 0;
  const reader = async () => {
    while (writing) {
      const rows = await log.sql<{ id: number }[]>`select id from op where owner = 'u-1' order by id`;
      reads++;
      rows.forEach((row, index) => assert.equal(row.id, index + 1, "a gap that may be filled later"));
      assert.ok(rows.length >= highest);
      highest = rows.length;
    }
  };
  const delayer = async () => {
    const slow = log.otherPool();
    while (writing && delays < 10) {
      const late = await delayedCommit(slow, (tx) => postgresOplog(tx).append([newOp(log.config)]));
      await somebodyWaits(log.sql, () => !writing);
      await late.commit();
      delays++;
    }
  };
  for (const writer of writers) {
    const stdin = writer.stdin.getWriter();
    await stdin.write(new TextEncoder().encode("\n"));
    await stdin.close();
  }
  const watching = [reader(), delayer()];
  const given = await Promise.all(outputs.map(async (lines) => JSON.parse((await lines.next()).value!) as number[]));
  await Promise.all(writers.map((writer) => writer.status));
  writing = false;
  await Promise.all(watching);
  assert.ok(reads > 5 && delays > 2, `${reads} reads, ${delays} delayed commits`);
  const all = given.flat();
  assert.deepEqual([all.length, new Set(all).size], [2 * count, 2 * count]);
  // the writers took turns: each has ids among the other's
  assert.ok(Math.max(...given[0]!) > Math.min(...given[1]!) && Math.max(...given[1]!) > Math.min(...given[0]!));
});
