import assert from "node:assert/strict";
import type { Sql } from "../../db/sql.ts";
import { sweep } from "../../db/sweeper.ts";
import { ACTOR } from "../support/catalog.ts";
import { configNo, outcomes, testLog } from "../support/log.ts";
import { newOp } from "../support/new_op.ts";

const DAY = 86_400_000;
const START = 1_732_000_000_000;

/** Sweeps at a time in days from the start. @returns how often it paused */
async function sweepOn(sql: Sql, day: number): Promise<number> {
  let pauses = 0;
  await sweep(sql, START + day * DAY, () => Promise.resolve(void pauses++));
  return pauses;
}

const payloads = async (sql: Sql) =>
  (await sql<{ id: number; kept: boolean }[]>`select id, payload is not null as kept from op order by id`)
    .map(({ id, kept }) => `${id}${kept ? "" : " bare"}`);

Deno.test("[PER-1] a payload is kept until its own validity or the retention ends; the bare row stays 30 days", async () => {
  await using log = await testLog();
  const config = await log.newConfig({ bizType: "WEEK", retentionDays: 7 });
  const week = { at: START, validUntil: START + 7 * DAY };
  await log.log.append([
    newOp(config, week),
    newOp(config, { at: START, validUntil: START + DAY, early: true }),
    newOp(config, { at: START + 2 * DAY, validUntil: START + 9 * DAY }),
  ]);
  const seen: Record<number, string[]> = {};
  for (const day of [0.9, 1, 6.9, 7, 9, 29.9, 30, 32]) {
    await sweepOn(log.sql, day);
    seen[day] = await payloads(log.sql);
  }
  assert.deepEqual(seen, {
    0.9: ["1", "2", "3"],
    1: ["1", "2 bare", "3"],
    6.9: ["1", "2 bare", "3"],
    7: ["1 bare", "2 bare", "3"],
    9: ["1 bare", "2 bare", "3 bare"],
    29.9: ["1 bare", "2 bare", "3 bare"],
    30: ["3 bare"],
    // the stream's newest row stays without its key: it remembers the head
    32: ["3 bare"],
  });
});

Deno.test("[PUSH-4] a key is remembered for 30 days from acceptance, also when the payload is gone, and no longer", async () => {
  await using log = await testLog();
  const key = { at: START, mid: "m-1", validUntil: START + DAY, early: true };
  const again = (day: number) =>
    log.log.append([newOp(log.config, { mid: "m-1", at: START + day * DAY })]).then(outcomes);
  assert.deepEqual(outcomes(await log.log.append([newOp(log.config, key)])), [1]);
  await sweepOn(log.sql, 2);
  assert.deepEqual(await again(2), ["duplicate"]);
  await sweepOn(log.sql, 29.9);
  assert.deepEqual(await again(29.9), ["duplicate"]);
  await sweepOn(log.sql, 30.1);
  assert.deepEqual(await again(30.1), [2]);
});

Deno.test("[STR-1] ids go on after every row of a stream has been swept away", async () => {
  await using log = await testLog();
  const append = (day: number) => log.log.append([newOp(log.config, { at: START + day * DAY })]).then(outcomes);
  assert.deepEqual([await append(0), await append(0)], [[1], [2]]);
  await sweepOn(log.sql, 40);
  assert.deepEqual(await append(41), [3]);
  await sweepOn(log.sql, 80);
  assert.deepEqual(await append(81), [4]);
  const rows = await log.sql`select id from op`;
  assert.equal(rows.length, 2, "of the old rows only the newest is left");
});

Deno.test("[CFG-5] the ops of a deleted config go, in batches, with all that was recorded of them", async () => {
  await using log = await testLog();
  const { store, instanceNo } = log.catalog;
  await log.log.append(Array.from({ length: 1_200 }, () => newOp(log.config, { at: START })));
  await log.sql`insert into delivery (instance, subject, config, device, id, attempts, at)
    values (${instanceNo}, 'u-1', ${log.config}, 'd-1', 5, 0, ${START})`;
  await log.sql`insert into arrival (instance, owner, config, id, at, device)
    values (${instanceNo}, 'u-1', ${log.config}, 5, ${START}, 'd-1')`;
  const key = { instanceNo, bizType: "UCHAT" };
  await store.setConfigStatus(ACTOR, key, "offline");
  await store.deleteConfig(ACTOR, key);
  assert.ok(await sweepOn(log.sql, 1) >= 2, "it paused between batches");
  for (const table of ["op", "delivery", "arrival"]) {
    assert.deepEqual([...await log.sql`select from ${log.sql(table)}`], [], table);
  }
  await log.newConfig({ bizType: "UCHAT" });
  assert.deepEqual(outcomes(await log.log.append([newOp(await configNo(log.sql, "UCHAT"))])), [1_201]);
});

Deno.test("[CFG-5] what is written late of a deleted config goes, too; after a day nothing more is looked for", async () => {
  await using log = await testLog();
  const { store, instanceNo } = log.catalog;
  const key = { instanceNo, bizType: "UCHAT" };
  await store.setConfigStatus(ACTOR, key, "offline");
  await store.deleteConfig(ACTOR, key);
  await sweepOn(log.sql, 0);
  const rest = async (day: number) => {
    await log.sql`insert into sync_point (instance, subject, config, device, point, at)
      values (${instanceNo}, 'u-1', ${log.config}, 'd-1', 5, ${START}) on conflict do nothing`;
    await sweepOn(log.sql, day);
    return (await log.sql`select from sync_point`).length;
  };
  assert.deepEqual([await rest(0.1), await rest(0.9), await rest(1.1)], [0, 0, 1]);
});

Deno.test("[PER-1] sweeping neither waits for a push under way nor keeps one waiting", async () => {
  await using log = await testLog();
  await log.log.append([newOp(log.config, { at: START, validUntil: START + DAY, early: true })]);
  const writer = log.otherPool(1);
  let done = () => {};
  const holding = new Promise<void>((resolve) => done = resolve);
  const { promise: held, resolve: holds } = Promise.withResolvers<void>();
  const transaction = writer.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtextextended('u-1', ${log.config}))`;
    await tx`select from op for update`;
    holds();
    await holding;
  });
  await held;
  await sweepOn(log.sql, 2);
  assert.deepEqual(await payloads(log.sql), ["1"]);
  done();
  await transaction;
  await sweepOn(log.sql, 2);
  assert.deepEqual(await payloads(log.sql), ["1 bare"]);
});

Deno.test("[PER-1] [PUSH-4] what another server holds while it is swept is swept later", async () => {
  await using log = await testLog();
  const week = await log.newConfig({ bizType: "WEEK", retentionDays: 7 });
  const held = { owner: "u-held", at: START, validUntil: START + 7 * DAY };
  for (const owner of ["u-held", "u-1"]) {
    const later = { at: START + 20 * DAY, validUntil: START + 60 * DAY };
    await log.log.append([newOp(week, { ...held, owner }), newOp(week, { owner, ...later })]);
  }
  const state = async () =>
    (await log.sql<
      { row: string }[]
    >`select owner || ' ' || id || case when payload is null then ' bare' else '' end as row
      from op order by owner, id`).map(({ row }) => row);
  const whileHeld = async (day: number) => {
    await log.otherPool(1).begin(async (tx) => {
      await tx`select from op where owner = 'u-held' for update`;
      await sweepOn(log.sql, day);
    });
    const kept = await state();
    await sweepOn(log.sql, day + 0.1);
    return { kept, then: await state() };
  };
  assert.deepEqual(await whileHeld(8), {
    kept: ["u-1 1 bare", "u-1 2", "u-held 1", "u-held 2"],
    then: ["u-1 1 bare", "u-1 2", "u-held 1 bare", "u-held 2"],
  });
  assert.deepEqual(await whileHeld(31), {
    kept: ["u-1 2 bare", "u-held 1 bare", "u-held 2"],
    then: ["u-1 2 bare", "u-held 2 bare"],
  });
});

Deno.test("[PER-1] after a clock that was far ahead is right again, sweeping goes on", async () => {
  await using log = await testLog();
  await sweepOn(log.sql, 400);
  await log.log.append([newOp(log.config, { at: START }), newOp(log.config, { at: START + 20 * DAY })]);
  await sweepOn(log.sql, 29);
  assert.deepEqual(await payloads(log.sql), ["1", "2"]);
  await sweepOn(log.sql, 31);
  assert.deepEqual(await payloads(log.sql), ["2"]);
});

Deno.test("[PER-1] each batch begins where the last one ended", async () => {
  await using log = await testLog();
  await log.log.append(Array.from({ length: 1_200 }, (_, n) => newOp(log.config, { at: START + n })));
  const marks: number[] = [];
  await sweep(log.sql, START + 40 * DAY, async () => {
    const [mark] = await log.sql<{ at: number }[]>`select payload_at as at from sweep where config = ${log.config}`;
    marks.push((mark?.at ?? 0) - START);
  });
  assert.deepEqual(marks.slice(0, 2), [499, 999]);
});

Deno.test("dead letters past their 30 days go, however many there are", async () => {
  await using log = await testLog();
  const add = (first: number, last: number, at: number) =>
    log.sql`insert into dead_letter (instance, subject, config, device, id, reason, attempts, at)
      select ${log.catalog.instanceNo}, 'u-1', ${log.config}, '', n, 'threshold', 0, ${at}
      from generate_series(${first}::int, ${last}::int) n`;
  await add(1, 12_000, START);
  await add(12_001, 12_003, START + 2 * DAY);
  await sweepOn(log.sql, 31);
  const [left] = await log.sql<{ n: number }[]>`select count(*)::int as n from dead_letter`;
  assert.equal(left!.n, 3);
});

Deno.test("[THR-1] a threshold that is set over a long backlog drops it bit by bit, so that pushes do not wait for all of it", async () => {
  await using log = await testLog();
  const { store, instanceNo } = log.catalog;
  await log.sql`insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload)
    select ${instanceNo}::int, 'u-' || stream, ${log.config}::int, n, 'm-' || n, ${START}::bigint, ${
    START + 30 * DAY
  }::bigint, false, 't', 'x'
    from generate_series(1, 200) stream, generate_series(1, case when stream <= 3 then stream * 1500 else 1 end) n`;
  await store.changeConfig(ACTOR, { instanceNo, bizType: "UCHAT" }, { threshold: 10 }, () => {});
  const dropped = async () =>
    (await log.sql<{ n: number }[]>`select count(*)::int as n from op where dropped and payload is null`)[0]!.n;
  const after: number[] = [0];
  await sweep(log.sql, START + DAY, async () => void after.push(await dropped()));
  const all = 1_490 + 2_990 + 4_490;
  const steps = [...after.slice(1), all].map((n, at) => n - after[at]!);
  assert.ok(Math.max(...steps) <= 2_001, String(steps));
  assert.equal(await dropped(), all);
  const [letters] = await log.sql<{ n: number }[]>`select count(*)::int as n from dead_letter`;
  assert.equal(letters!.n, all);
});

Deno.test("[PER-1] a config that cannot be swept does not keep those behind it, which are told of it at the end", async () => {
  await using log = await testLog();
  const other = await log.newConfig({ bizType: "OTHER" });
  for (const config of [log.config, other]) {
    await log.log.append([newOp(config, { at: START }), newOp(config, { at: START + 20 * DAY })]);
  }
  await log.sql.unsafe(`create function refuse() returns trigger language plpgsql as $$
      begin raise exception 'refused'; end $$;
    create trigger refuse before update or delete on op for each row when (old.config = ${log.config}) execute function refuse()`);
  await assert.rejects(sweepOn(log.sql, 31), /refused/);
  const left = await log.sql<{ config: number; id: number }[]>`select config, id from op order by config, id`;
  assert.deepEqual([...left], [{ config: log.config, id: 1 }, { config: log.config, id: 2 }, { config: other, id: 2 }]);
  let sweeps = 0;
  const stopping = () => Promise.reject(new Error(`stopping ${++sweeps}`));
  await assert.rejects(sweep(log.sql, START + 31 * DAY, stopping), /stopping 1/);
});

Deno.test("[PER-1] what was recorded of an op after its payload or its config was swept goes at last, too", async () => {
  await using log = await testLog();
  const { store, instanceNo } = log.catalog;
  const late = (config: number) =>
    log.sql`with s as (insert into delivery (instance, subject, config, device, id, attempts, at)
        values (${instanceNo}, 'u-1', ${config}, 'd-1', 1, 0, ${START}))
      insert into owed (instance, subject, config, device, id) values (${instanceNo}, 'u-1', ${config}, 'd-2', 1)`;
  const rest = () =>
    log.sql<{ config: number }[]>`select config from delivery union all select config from owed`.then((rows) =>
      rows.map(({ config }) => config)
    );
  const early = { at: START, validUntil: START + DAY, early: true };
  await log.log.append([newOp(log.config, early), newOp(log.config, { at: START + 20 * DAY })]);
  await sweepOn(log.sql, 2);
  await late(log.config);
  await sweepOn(log.sql, 29);
  assert.deepEqual(await rest(), [log.config, log.config], "as long as the op's row");
  await sweepOn(log.sql, 31);
  assert.deepEqual(await rest(), []);
  const key = { instanceNo, bizType: "UCHAT" };
  await store.setConfigStatus(ACTOR, key, "offline");
  await store.deleteConfig({ ...ACTOR, at: START + 31 * DAY }, key);
  await sweepOn(log.sql, 31);
  await late(log.config);
  await sweepOn(log.sql, 31.1);
  assert.deepEqual(await rest(), []);
});
