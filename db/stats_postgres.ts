import { type Counted, latencyOf } from "./latency.ts";
import { LATENCY_BUCKETS } from "./progress_postgres.ts";
import { NODE_DEAD_MS } from "./sessions.ts";
import type { Sql } from "./sql.ts";
import type { DayStat, Overview, Stats, StatsQuery } from "./stats.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;
/** Ranges up to this length are told by the hour, longer ones by the day. */
const HOURLY_MS = 7 * DAY_MS;
/** Connection samples in one answer at most. */
const SAMPLES = 300;
const SAMPLES_KEPT_MS = 31 * DAY_MS;

/** Numbers over time, from `stat`, `stat_delta` and `connection_sample`. */
export function postgresStats(sql: Sql): Stats {
  return {
    days: (query) => readDays(sql, query),
    overview: (query) => readOverview(sql, query),
    sampleConnections: (now) => sampleConnections(sql, now),
  };
}

/** Counters of the instance's configs in whole hours; a fold moves rows between the tables in one transaction. */
function counters(sql: Sql, { instanceNo, bizType, from, to }: StatsQuery, lastKind: number) {
  const of = (table: string) =>
    sql`select s.config, s.hour, s.kind, s.n from ${sql(table)} s
      join config c on c.no = s.config and c.instance = ${instanceNo} and c.deleted_at is null
        ${bizType === undefined ? sql`` : sql`and c.biz_type = ${bizType}`}
      where s.hour >= ${Math.floor(from / HOUR_MS)} and s.hour <= ${Math.floor((to - 1) / HOUR_MS)}
        and s.kind <= ${lastKind}`;
  return sql`(${of("stat")} union all ${of("stat_delta")})`;
}

async function readDays(
  sql: Sql,
  query: Parameters<Stats["days"]>[0],
): Promise<{ items: DayStat[]; next: { day: string; bizType: string } | null }> {
  const { after, limit } = query;
  const to = after === undefined ? query.to : Math.min(query.to, Date.parse(after.day) + DAY_MS);
  const rows = await sql<DayStat[]>`
    select to_char(to_timestamp(x.day * 86400) at time zone 'UTC', 'YYYY-MM-DD') as day, c.biz_type as "bizType",
      x.pushes, x.arrivals, x.discards
    from (
      select s.hour / 24 as day, s.config, coalesce(sum(s.n) filter (where s.kind = 0), 0)::bigint as pushes,
        coalesce(sum(s.n) filter (where s.kind = 1), 0)::bigint as arrivals,
        coalesce(sum(s.n) filter (where s.kind = 2), 0)::bigint as discards
      from ${counters(sql, { ...query, to }, 2)} s group by 1, 2) x
    join config c on c.no = x.config
    where ${
    after === undefined ? sql`true` : sql`(x.day < ${Date.parse(after.day) / DAY_MS}
      or c.biz_type collate "C" > ${after.bizType})`
  }
    order by x.day desc, c.biz_type collate "C" limit ${limit + 1}`;
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last ? { day: last.day, bizType: last.bizType } : null };
}

async function readOverview(sql: Sql, query: StatsQuery): Promise<Overview> {
  const stepMs = query.to - query.from <= HOURLY_MS ? HOUR_MS : DAY_MS;
  const [rows, connections] = await Promise.all([
    sql<Counted[]>`
      select s.hour / ${stepMs / HOUR_MS}::int as step, s.kind::int, sum(s.n)::bigint as n
      from ${counters(sql, query, 10 + LATENCY_BUCKETS.length)} s group by 1, 2 order by 1, 2`,
    readConnections(sql, query),
  ]);
  const points = [...Map.groupBy(rows, (row) => row.step)].map(([step, own]) => ({
    at: step * stepMs,
    pushes: sumOf(own, 0),
    arrivals: sumOf(own, 1),
    discards: sumOf(own, 2),
    ...latencyOf(own),
  }));
  const buckets = LATENCY_BUCKETS.map((bound, index) => ({
    upToMs: Number.isFinite(bound) ? bound : null,
    count: sumOf(rows, 10 + index),
  }));
  return { points, stepMs, connections, latency: { ...latencyOf(rows), buckets } };
}

function sumOf(rows: readonly Counted[], kind: number): number {
  return rows.reduce((sum, row) => row.kind === kind ? sum + row.n : sum, 0);
}

async function readConnections(sql: Sql, { instanceNo, from, to }: StatsQuery): Promise<Overview["connections"]> {
  const step = Math.max(1, Math.ceil((to - from) / MINUTE_MS / SAMPLES)) * MINUTE_MS;
  const rows = await sql<Overview["connections"]>`
    select at / ${step}::bigint * ${step}::bigint as at, max(n)::int as connections from connection_sample
    where instance = ${instanceNo} and at >= ${from} and at < ${to} group by 1 order by 1`;
  return [...rows];
}

async function sampleConnections(sql: Sql, now: number): Promise<void> {
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  await sql`
    insert into connection_sample (instance, at, n)
    select i.no, ${minute}, count(n.id) from instance i
    left join session s on s.instance = i.no
    left join node n on n.id = s.node and n.seen_at > ${now - NODE_DEAD_MS}
    group by i.no on conflict do nothing`;
  await sql`delete from connection_sample where at < ${now - SAMPLES_KEPT_MS}`;
}
