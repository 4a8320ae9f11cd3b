import type { Sql } from "./sql.ts";

/** Rows without payload stay so long from acceptance, for idempotency and the push list (PUSH-4, PER-1). */
export const ROW_DAYS = 30;
const DAY_MS = 86_400_000;
const BATCH = 500;
const DROPPED_AT_ONCE = 2_000;

export type Swept = { payloads: number; rows: number };

/**
 * One round of cleaning, oldest first, in small batches with `pause` between them, so that pushes are not slowed: expired
 * payloads, rows past their 30 days (of each stream the newest stays, without its key: it remembers the head, STR-1),
 * what belonged to deleted configs, and the statistics' deltas. Safe on several servers at once.
 *
 * @throws the first error, after everything else was swept, or at once where `pause` fails.
 */
export async function sweep(sql: Sql, now: number, pause: () => Promise<void>): Promise<Swept> {
  const swept: Swept = { payloads: 0, rows: 0 };
  const repeat = async (step: () => Promise<number>, count: (n: number) => void) => {
    for (;;) {
      const n = await step();
      count(n);
      if (n < BATCH) return;
      await pause();
    }
  };
  const payloads = (n: number) => swept.payloads += n;
  const rows = (n: number) => swept.rows += n;
  const errors: unknown[] = [];
  /** What cannot be swept must not keep the rest from it. */
  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      errors.push(error);
      await pause();
    }
  };
  await attempt(() => foldStatistics(sql));
  await attempt(() => repeat(() => dropEarly(sql, now), payloads));
  const configs = await sql<{ no: number; days: number; deleted: number | null; uncut: boolean }[]>`
    select c.no, c.retention_days as days, c.deleted_at as deleted,
      s.threshold is distinct from c.threshold as uncut
    from config c left join sweep s on s.config = c.no`;
  for (const { no, days, deleted, uncut } of configs) {
    if (deleted !== null) {
      await attempt(() => repeat(() => purge(sql, no, Math.abs(now - deleted) < DAY_MS), rows));
      continue;
    }
    // a server may have stopped in the middle of it
    if (uncut) await attempt(() => enforceThreshold(sql, no, now, pause));
    await attempt(() => repeat(dropRetained(sql, no, now - days * DAY_MS), payloads));
    await attempt(() => repeat(deleteRows(sql, no, now - ROW_DAYS * DAY_MS), rows));
  }
  await attempt(() => repeat(() => deleteLetters(sql, now - ROW_DAYS * DAY_MS), () => {}));
  if (errors.length > 0) throw errors[0];
  return swept;
}

async function deleteLetters(sql: Sql, before: number): Promise<number> {
  const { count } = await sql`delete from dead_letter where ctid = any (array(
    select x.ctid from instance i cross join lateral (select ctid from dead_letter
      where instance = i.no and at < ${before} order by at limit ${BATCH} for update skip locked) x))`;
  return count;
}

/** Folds the deltas that appends and flushes left into the hourly statistics. */
export async function foldStatistics(sql: Sql): Promise<void> {
  await sql`with delta as (delete from stat_delta returning config, hour, kind, n)
    insert into stat select config, hour, kind, sum(n) from delta group by 1, 2, 3 order by 1, 2, 3
    on conflict (config, hour, kind) do update set n = stat.n + excluded.n`;
}

/** Payloads whose own validity ended before the retention. */
async function dropEarly(sql: Sql, now: number): Promise<number> {
  const { n } = await forgetPayloads(
    sql,
    sql`select instance, owner, config, id, at from op
      where early and payload is not null and valid_until <= ${now} order by valid_until limit ${BATCH}
      for update skip locked`,
  );
  return n;
}

/** Empties a column of the ops of one config that were accepted up to `cutoff`; `mark` remembers how far that came. */
type Course = { config: number; cutoff: number; column: "payload" | "mid"; mark: "payload_at" | "row_at" };
type Step = { n: number; last: number | null };

/**
 * Batch by batch, each from where the one before ended. The mark follows as far as nothing is left: what another server
 * holds is passed over, and found by a later round. It also goes back, where the clock was ahead.
 */
function onward(
  sql: Sql,
  { config, cutoff, column, mark }: Course,
  step: (from: number) => Promise<Step>,
): () => Promise<number> {
  let from: number | undefined;
  let complete = true;
  return async () => {
    from ??= await readMark(sql, config, mark);
    const { n, last } = await step(from);
    const to = n < BATCH ? cutoff : last ?? cutoff;
    if (complete) {
      const [row] = await sql<{ at: number }[]>`
        insert into sweep (config, ${sql(mark)}) values (${config}, coalesce((select min(at) from op
          where config = ${config} and at >= ${from} and at <= ${to} and ${sql(column)} is not null), ${to}))
        on conflict (config) do update set ${sql(mark)} = excluded.${sql(mark)} returning ${sql(mark)} as at`;
      complete = row!.at === to;
    }
    from = to;
    return n;
  };
}

async function readMark(sql: Sql, config: number, mark: Course["mark"]): Promise<number> {
  const [row] = await sql<{ at: number }[]>`select ${sql(mark)} as at from sweep where config = ${config}`;
  return row?.at ?? 0;
}

function dropRetained(sql: Sql, config: number, cutoff: number): () => Promise<number> {
  return onward(sql, { config, cutoff, column: "payload", mark: "payload_at" }, (from) =>
    forgetPayloads(
      sql,
      sql`select instance, owner, config, id, at from op where config = ${config} and at >= ${from}
        and at <= ${cutoff} and payload is not null order by at limit ${BATCH} for update skip locked`,
    ));
}

async function forgetPayloads(sql: Sql, victims: ReturnType<Sql>): Promise<Step> {
  const [row] = await sql<Step[]>`
    with victim as (${victims}), bare as (
      update op o set payload = null from victim v
      where o.instance = v.instance and o.owner = v.owner and o.config = v.config and o.id = v.id
    ), unowed as (
      delete from owed w using victim v where w.config = v.config and w.id = v.id
        and (w.subject = v.owner or v.owner = '')
    ), unsent as (
      delete from delivery d using victim v where d.config = v.config and d.id = v.id
        and (d.subject = v.owner or v.owner = '')
    )
    select count(*)::int as n, max(at) as last from victim`;
  return row!;
}

function deleteRows(sql: Sql, config: number, cutoff: number): () => Promise<number> {
  const course: Course = { config, cutoff, column: "mid", mark: "row_at" };
  return onward(sql, course, (from) => forgetRows(sql, course, from));
}

async function forgetRows(sql: Sql, { config, cutoff }: Course, from: number): Promise<Step> {
  const [row] = await sql<Step[]>`
    with victim as (
      select o.instance, o.owner, o.config, o.id, o.at, exists (select 1 from op x where x.instance = o.instance
        and x.owner = o.owner and x.config = o.config and x.id > o.id) as older
      from op o where o.config = ${config} and o.at >= ${from} and o.at <= ${cutoff} and o.mid is not null
      order by o.at limit ${BATCH} for update skip locked
    ), pinned as (
      update op o set mid = null, payload = null from victim v where not v.older
        and o.instance = v.instance and o.owner = v.owner and o.config = v.config and o.id = v.id
    ), gone as (
      delete from op o using victim v where o.instance = v.instance and o.owner = v.owner and o.config = v.config
        and ((v.older and o.id = v.id) or (o.id < v.id and o.mid is null))
    ), unarrived as (
      delete from arrival a using victim v where a.instance = v.instance and a.owner = v.owner and a.config = v.config
        and a.id = v.id
    ), unsent as (
      -- written after the payload went
      delete from delivery d using victim v where d.config = v.config and d.id = v.id
        and (d.subject = v.owner or v.owner = '')
    ), unowed as (
      delete from owed w using victim v where w.config = v.config and w.id = v.id
        and (w.subject = v.owner or v.owner = '')
    )
    select count(*)::int as n, max(at) as last from victim`;
  return row!;
}

/** CFG-5: what belonged to a deleted config. Its row in `config` stays: it remembers the floor. `fresh`: deleted lately. */
async function purge(sql: Sql, config: number, fresh: boolean): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    with victim as (
      select instance, owner, config, id from op where config = ${config} limit ${BATCH} for update skip locked
    ), gone as (
      delete from op o using victim v where o.instance = v.instance and o.owner = v.owner and o.config = v.config
        and o.id = v.id
    ), unarrived as (
      delete from arrival a using victim v where a.instance = v.instance and a.owner = v.owner and a.config = v.config
        and a.id = v.id
    ), unsent as (
      delete from delivery d using victim v where d.config = v.config and d.id = v.id
    ), unowed as (
      delete from owed w using victim v where w.config = v.config and w.id = v.id
    )
    select count(*)::int as n from victim`;
  // without an index by config this reads all of them: not once a minute for ever
  if (row!.n < BATCH && (row!.n > 0 || fresh)) await purgeRest(sql, config);
  return row!.n;
}

/** Points, and what was written after its op went. */
async function purgeRest(sql: Sql, config: number): Promise<void> {
  for (const table of ["sync_point", "delivery", "owed"]) {
    await sql`delete from ${sql(table)} where config = ${config}`;
  }
}

/** THR-1 after a threshold was set or lowered: drops what lies over it, stream by stream. */
export async function enforceThreshold(
  sql: Sql,
  config: number,
  now: number,
  pause: () => Promise<void>,
): Promise<void> {
  const [cut] = await sql<{ instance: number; threshold: number | null }[]>`
    select instance, threshold from config where no = ${config}`;
  if (!cut) return;
  let after = "";
  for (; cut.threshold !== null;) {
    const owners = await sql<{ owner: string }[]>`select distinct owner from op
      where instance = ${cut.instance} and owner > ${after} and config = ${config} and payload is not null
      order by owner limit 200`;
    const first = after === "" ? [""] : [];
    const batch = [...first, ...owners.map((row) => row.owner)];
    await dropOver(sql, { config, owners: batch, now }, pause);
    if (owners.length < 200) break;
    after = owners.at(-1)!.owner;
    await pause();
  }
  await sql`insert into sweep (config, threshold) values (${config}, ${cut.threshold})
    on conflict (config) do update set threshold = excluded.threshold`;
}

/** No more at once than takes a tenth of a second: until they are dropped the pushes to their streams wait. */
async function dropOver(
  sql: Sql,
  { config, owners, now }: { config: number; owners: string[]; now: number },
  pause: () => Promise<void>,
): Promise<void> {
  let streams = owners.map((owner) => ({ owner, next: 0 }));
  while (streams.length > 0) {
    streams = await sql<typeof streams>`select owner, next from drop_over_threshold(
      ${streams.map(() => config)}::int[], ${streams.map(({ owner }) => owner)}::text[], ${now},
      ${streams.map(({ next }) => next)}::bigint[], ${Math.ceil(DROPPED_AT_ONCE / streams.length)}::int)`;
    if (streams.length > 0) await pause();
  }
}
