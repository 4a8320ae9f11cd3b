import assert from "node:assert/strict";
import { AppendQueue, QueueFullError } from "../../db/append_queue.ts";
import type { Appended, NewOp, Oplog } from "../../db/oplog.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import { outcomes, testLog } from "../support/log.ts";
import { newOp } from "../support/new_op.ts";

/** A log whose batches end when the test says how. */
function heldLog() {
  const batches: { ops: readonly NewOp[]; end: (error?: object) => void }[] = [];
  const log: Oplog = {
    append: (ops) =>
      new Promise((resolve, reject) => {
        const stored = ops.map((_, n): Appended => ({ outcome: "stored", id: n + 1, prev: n }));
        batches.push({ ops, end: (error) => error ? reject(error) : resolve(stored) });
      }),
  };
  return { log, batches };
}

const settled = async (results: Promise<Appended>[]) =>
  (await Promise.allSettled(results)).map((one) => one.status === "fulfilled" ? one.value.outcome : one.reason.code);

Deno.test("[PUSH-7] one row that Postgres refuses never fails another that shares its commit", async () => {
  await using log = await testLog();
  const sizes: number[] = [];
  const counting: Oplog = { append: (ops) => (sizes.push(ops.length), log.log.append(ops)) };
  const queue = new AppendQueue([counting], { depth: 1 });
  // Postgres text takes no NUL; the checks before the log let none through, here it stands for whatever they miss
  const bad = new Set([3, 57, 58, 99]);
  const ops = Array.from({ length: 100 }, (_, n) => newOp(log.config, bad.has(n) ? { mid: `m-\0-${n}` } : {}));
  const first = queue.append(newOp(log.config));
  const results = await settled([first, ...ops.map((op) => queue.append(op))]);
  assert.deepEqual(results.filter((one) => one !== "stored"), ["22021", "22021", "22021", "22021"]);
  assert.deepEqual([...bad].map((n) => results[n + 1]), ["22021", "22021", "22021", "22021"]);
  assert.deepEqual(sizes.slice(0, 2), [1, 100], "they shared a commit");
  const rows = await log.sql<{ id: number; mid: string }[]>`select id, mid from op order by id`;
  assert.deepEqual(rows.map((row) => row.id), Array.from({ length: 97 }, (_, n) => n + 1));
  const mids = ops.filter((_, n) => !bad.has(n)).map((op) => op.mid);
  assert.deepEqual(rows.slice(1).map((row) => row.mid), mids, "stored in the order of the calls");
});

Deno.test("[PUSH-4] [PUSH-7] a key keeps storing once when its batch is split", async () => {
  await using log = await testLog();
  const queue = new AppendQueue([log.log], { depth: 1 });
  const ops = [newOp(log.config, { mid: "m-\0" }), newOp(log.config, { mid: "m" }), newOp(log.config, { mid: "m" })];
  assert.deepEqual(await settled([newOp(log.config), ...ops].map((op) => queue.append(op))), [
    "stored",
    "22021",
    "stored",
    "duplicate",
  ]);
});

Deno.test("[PUSH-3] an error that says nothing of the data fails the whole batch, and nothing is stored twice by a repeat", async () => {
  await using log = await testLog();
  const broken: Oplog = { append: async (ops) => (await log.log.append(ops), Promise.reject({ code: "08006" })) };
  const queue = new AppendQueue([broken]);
  const ops = [newOp(log.config), newOp(log.config)];
  assert.deepEqual(await settled(ops.map((op) => queue.append(op))), ["08006", "08006"]);
  // it had been committed after all: the repeat with the same id is safe
  assert.deepEqual(outcomes(await log.log.append(ops)), ["duplicate", "duplicate"]);
});

Deno.test("AppendQueue shares commits: what comes while one is under way goes with the next, in order", async () => {
  const { log, batches } = heldLog();
  const queue = new AppendQueue([log], { batch: 3, depth: 1 });
  const ops = [1, 2, 3, 4, 5, 6].map((n) => newOp(1, { mid: `m-${n}` }));
  const results = settled(ops.map((op) => queue.append(op)));
  assert.deepEqual([batches.length, queue.length], [1, 5]);
  for (let n = 0; n < 3; n++) {
    batches[n]!.end();
    if (n < 2) { while (batches.length === n + 1) await Promise.resolve(); }
  }
  assert.deepEqual(await results, new Array(6).fill("stored"));
  assert.deepEqual(batches.map(({ ops }) => ops.map((op) => op.mid)), [["m-1"], ["m-2", "m-3", "m-4"], ["m-5", "m-6"]]);
});

Deno.test("AppendQueue gives a connection its next commit before the last is back, once as many wait as it holds", async () => {
  const { log, batches } = heldLog();
  const queue = new AppendQueue([log]);
  const append = (count: number) => Array.from({ length: count }, () => queue.append(newOp(1)));
  const sizes = () => batches.map(({ ops }) => ops.length);
  const results = append(4);
  assert.deepEqual(sizes(), [1], "a few more are not worth a sync of their own");
  results.push(...append(1));
  assert.deepEqual(sizes(), [1, 4]);
  results.push(...append(20));
  assert.deepEqual(sizes(), [1, 4], "two at once, no more");
  batches[0]!.end();
  while (batches.length === 2) await Promise.resolve();
  assert.deepEqual(sizes(), [1, 4, 20]);
  batches[2]!.end();
  batches[1]!.end();
  assert.deepEqual(await settled(results), new Array(25).fill("stored"));
  await queue.drained();
});

Deno.test("AppendQueue goes another way while a commit is held up, and comes back when it has ended", async () => {
  const first = heldLog(), second = heldLog();
  const timers = new Set<() => void>();
  const after = (_ms: number, callback: () => void) => (timers.add(callback), () => void timers.delete(callback));
  const queue = new AppendQueue([first.log, second.log], { after });
  const append = () => settled([queue.append(newOp(1))]);
  const stuck = append(), next = append();
  assert.deepEqual([first.batches.length, second.batches.length, queue.length], [1, 0, 1]);
  for (const fire of timers) fire();
  assert.deepEqual([second.batches.length, queue.length], [1, 0], "without waiting for a further call");
  second.batches[0]!.end();
  assert.deepEqual(await next, ["stored"]);
  assert.equal(timers.size, 1, "only the one that is held up is timed");
  first.batches[0]!.end();
  assert.deepEqual(await stuck, ["stored"]);
  await queue.drained();
  assert.equal(timers.size, 0);
  const last = append();
  assert.equal(first.batches.length, 2);
  first.batches[1]!.end();
  assert.deepEqual(await last, ["stored"]);
});

Deno.test("[STR-2] a stream that another process keeps locked holds up its own pushes, and not those of others", async () => {
  await using log = await testLog();
  const queue = new AppendQueue([1, 2].map(() => postgresOplog(log.otherPool(1))));
  const other = log.otherPool(1);
  const stored = (owner: string) => settled([queue.append(newOp(log.config, { owner }))]);
  let locked: Promise<string[]> | undefined;
  await other.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtextextended('u-locked', ${log.config}))`;
    locked = stored("u-locked");
    for (let n = 0; n < 5; n++) assert.deepEqual(await stored(`u-${n}`), ["stored"]);
    const [row] = await log.sql<{ n: number }[]>`select count(*)::int as n from op`;
    assert.equal(row!.n, 5);
  });
  assert.deepEqual(await locked, ["stored"]);
});

Deno.test("AppendQueue tries a batch again after a deadlock, and not for ever", async () => {
  const { log, batches } = heldLog();
  const queue = new AppendQueue([log]);
  const result = settled([queue.append(newOp(1))]);
  for (let n = 0; n < 4; n++) {
    while (batches.length === n) await Promise.resolve();
    batches[n]!.end({ code: n % 2 ? "40P01" : "40001" });
  }
  assert.deepEqual(await result, ["40P01"], "the fourth time is the last");
  const again = settled([queue.append(newOp(1))]);
  while (batches.length === 4) await Promise.resolve();
  batches[4]!.end({ code: "55P03" });
  while (batches.length === 5) await Promise.resolve();
  batches[5]!.end();
  assert.deepEqual(await again, ["stored"]);
});

Deno.test("[PUSH-5] AppendQueue refuses at once what its bounded queue cannot hold, and drained waits for the rest", async () => {
  const { log, batches } = heldLog();
  const queue = new AppendQueue([log], { limit: 2, depth: 1 });
  const taken = [1, 2, 3].map(() => queue.append(newOp(1)));
  await assert.rejects(queue.append(newOp(1)), QueueFullError);
  let drained = false;
  const done = queue.drained().then(() => drained = true);
  batches[0]!.end();
  while (batches.length === 1) await Promise.resolve();
  assert.equal(drained, false);
  batches[1]!.end();
  await done;
  assert.deepEqual(await settled(taken), ["stored", "stored", "stored"]);
  await queue.drained();
});

Deno.test("[PUSH-5] AppendQueue backed up by one instance commits another's op in its turn, and refuses the noisy one", async () => {
  const { log, batches } = heldLog();
  const queue = new AppendQueue([log], { limit: 100, batch: 10, depth: 1, shareOf: ({ config }) => config });
  const noisy = Array.from({ length: 101 }, (_, n) => queue.append(newOp(1, { mid: `m-${n}` })));
  assert.equal(queue.length, 100);
  const quiet = queue.append(newOp(2, { mid: "quiet" }));
  assert.equal(queue.length, 100, "it took a place");
  await assert.rejects(noisy.at(-1)!, QueueFullError);
  const answered = settled(noisy);
  for (let n = 0; n < 3; n++) {
    batches[n]!.end();
    await Promise.resolve();
    while (batches.length < n + 2) await new Promise((resolve) => setTimeout(resolve));
  }
  assert.ok(
    batches.slice(0, 4).some(({ ops }) => ops.some(({ mid }) => mid === "quiet")),
    "within the next three commits",
  );
  for (let n = 3; n < batches.length || queue.length > 0; n++) {
    while (batches.length <= n) await new Promise((resolve) => setTimeout(resolve));
    batches[n]!.end();
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.equal((await quiet).outcome, "stored");
  assert.equal((await answered).filter((one) => one === "stored").length, 100);
});
