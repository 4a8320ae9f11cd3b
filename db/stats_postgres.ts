import { type Counted, latencyOf } from "./latency.ts";
import { LATENCY_BUCKETS } from "./progress_postgres.ts";
import type { TransactionSql } from "postgres";
import type { Sql } from "./sql.ts";
import type { DayStat, Overview, Stats, StatsQuery } from "./stats.ts";
import { readSummedHour, sampleConnections, sumHours } from "./stats_upkeep_postgres.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;
/** Ranges up to this length are told by the hour, longer ones by the day. */
const HOURLY_MS = 14 * DAY_MS;
/** Connection samples in one answer at most. */
const SAMPLES = 300;

/** Numbers over time, from `stat`, `stat_delta`, their sums over hours that are over, and `connection_sample`. */
export function postgresStats(sql: Sql): Stats {
  return {
    days: (query) => readDays(sql, query),
    overview: (query) => readOverview(sql, query),
    async sampleConnections(now) {
      await sampleConnections(sql, now);
      await sumHours(sql, now);
    },
  };
}

type DaysQuery = Parameters<Stats["days"]>[0];

/** Counters of the instance's configs with hours in [from, to); a fold moves rows between the tables in one commit. */
function counters(sql: TransactionSql, { instanceNo, bizType }: StatsQuery, from: number, to: number) {
  const of = (table: string) =>
    sql`select s.config, s.hour, s.kind, s.n from config c join ${sql(table)} s on s.config = c.no
      where c.instance = ${instanceNo} ${bizType === undefined ? sql`` : sql`and c.biz_type = ${bizType}`}
        and s.hour >= ${from} and s.hour < ${to}`;
  return sql`(${of("stat")} union all ${of("stat_delta")})`;
}

/** Newest days first, in stretches that double: where much happened, a page is full after the first one. */
async function readDays(
  sql: Sql,
  query: DaysQuery,
): Promise<{ items: DayStat[]; next: { day: string; bizType: string } | null }> {
  const { after, limit } = query;
  const first = Math.floor(query.from / DAY_MS);
  const found: DayStat[] = [];
  let end = Math.floor((query.to - 1) / DAY_MS) + 1;
  if (after !== undefined) end = Math.min(end, Date.parse(after.day) / DAY_MS + 1);
  await inSnapshot(sql, async (tx, summed) => {
    for (let length = 1; end > first && found.length <= limit; length *= 2) {
      const begin = Math.max(first, end - length);
      found.push(...await readStretch(tx, query, { begin, end, summed }));
      end = begin;
    }
  });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last ? { day: last.day, bizType: last.bizType } : null };
}

/** Hours that are being summed must not be seen twice or not at all. */
function inSnapshot<T>(sql: Sql, read: (tx: TransactionSql, summed: number) => Promise<T>) {
  return sql.begin("isolation level repeatable read read only", async (tx) => read(tx, await readSummedHour(tx)));
}

/** The days in [begin, end): their sums, and the hours after `summed`. */
async function readStretch(
  sql: TransactionSql,
  query: DaysQuery,
  { begin, end, summed }: { begin: number; end: number; summed: number },
): Promise<DayStat[]> {
  const { instanceNo, bizType, after, limit } = query;
  const afterDay = after === undefined ? 0 : Date.parse(after.day) / DAY_MS;
  return await sql<DayStat[]>`
    select to_char(to_timestamp(x.day * 86400) at time zone 'UTC', 'YYYY-MM-DD') as day, c.biz_type as "bizType",
      sum(x.pushes)::bigint as pushes, sum(x.arrivals)::bigint as arrivals, sum(x.discards)::bigint as discards
    from (
      select y.config, y.day, coalesce(sum(y.n) filter (where y.kind = 0), 0) as pushes,
        coalesce(sum(y.n) filter (where y.kind = 1), 0) as arrivals,
        coalesce(sum(y.n) filter (where y.kind = 2), 0) as discards
      from (
        select d.config, d.day, d.kind, d.n from config c join stat_day d on d.config = c.no
          where c.instance = ${instanceNo} ${bizType === undefined ? sql`` : sql`and c.biz_type = ${bizType}`}
            and d.day >= ${begin} and d.day < ${end} and d.kind <= 2
        union all
        select s.config, s.hour / 24, s.kind, s.n
          from ${counters(sql, query, Math.max(begin * 24, summed + 1), end * 24)} s where s.kind <= 2) y
      group by 1, 2) x
    join config c on c.no = x.config
    where ${after === undefined ? sql`true` : sql`(x.day < ${afterDay} or c.biz_type collate "C" > ${after.bizType})`}
    group by x.day, c.biz_type order by x.day desc, c.biz_type collate "C" limit ${limit + 1}`;
}

async function readOverview(sql: Sql, query: StatsQuery): Promise<Overview> {
  const stepMs = query.to - query.from <= HOURLY_MS ? HOUR_MS : DAY_MS;
  const step = stepMs / HOUR_MS;
  const from = Math.floor(query.from / stepMs) * step;
  const to = (Math.floor((query.to - 1) / stepMs) + 1) * step;
  const [rows, connections] = await Promise.all([
    inSnapshot(sql, (tx, summed) => readSteps(tx, query, { from, to, step, summed })),
    readConnections(sql, query),
  ]);
  const points = [...Map.groupBy(rows, (row) => row.step)].map(([at, own]) => ({
    at: at * stepMs,
    pushes: sumOf(own, 0),
    arrivals: sumOf(own, 1),
    discards: sumOf(own, 2),
    ...latencyOf(own),
  }));
  const buckets = LATENCY_BUCKETS.map((bound, index) => ({
    upToMs: Number.isFinite(bound) ? bound : null,
    count: sumOf(rows, 10 + index),
  }));
  return { points, stepMs, ...connections, latency: { ...latencyOf(rows), buckets } };
}

/** Sums per step of `step` hours and kind, oldest first. */
async function readSteps(
  sql: TransactionSql,
  query: StatsQuery,
  { from, to, step, summed }: { from: number; to: number; step: number; summed: number },
): Promise<Counted[]> {
  // The sums are per instance: one config's numbers are few enough to be read as they are.
  const rest = query.bizType === undefined ? Math.max(from, summed + 1) : from;
  const rows = await sql<Counted[]>`
    select x.hour / ${step}::int as step, x.kind::int, sum(x.n)::bigint as n
    from (
      select i.hour, i.kind, i.n from stat_instance i
        where i.instance = ${query.instanceNo} and i.hour >= ${from} and i.hour < ${Math.min(to, rest)}
      union all
      select s.hour, s.kind, s.n from ${counters(sql, query, rest, to)} s) x
    group by 1, 2 order by 1, 2`;
  return [...rows];
}

function sumOf(rows: readonly Counted[], kind: number): number {
  return rows.reduce((sum, row) => row.kind === kind ? sum + row.n : sum, 0);
}

async function readConnections(
  sql: Sql,
  { instanceNo, from, to }: StatsQuery,
): Promise<Pick<Overview, "connections" | "lastConnections">> {
  const step = Math.max(1, Math.ceil((to - from) / MINUTE_MS / SAMPLES)) * MINUTE_MS;
  const rows = await sql<{ at: number; connections: number; last: number }[]>`
    select at / ${step}::bigint * ${step}::bigint as at, max(n)::int as connections,
      (array_agg(n order by at desc))[1] as last from connection_sample
    where instance = ${instanceNo} and at >= ${from} and at < ${to} group by 1 order by 1`;
  return {
    connections: rows.map(({ at, connections }) => ({ at, connections })),
    lastConnections: rows.at(-1)?.last ?? null,
  };
}
