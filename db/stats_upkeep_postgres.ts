import { NODE_DEAD_MS } from "./sessions.ts";
import type { Sql } from "./sql.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3600_000;
const SAMPLES_KEPT_MS = 31 * DAY_MS;
/** Key in `meta` of the last day that is summed, in days since 1970. */
const SUMMED_DAY = "statistics_day";
const SUM_LOCK = 730;

/** Notes how many sessions of each instance are live now; a minute is noted once, whoever comes first. */
export async function sampleConnections(sql: Sql, now: number): Promise<void> {
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  await sql`
    insert into connection_sample (instance, at, n)
    select i.no, ${minute}, count(n.id) from instance i
    left join session s on s.instance = i.no
    left join node n on n.id = s.node and n.seen_at > ${now - NODE_DEAD_MS}
    group by i.no on conflict do nothing`;
  await sql`delete from connection_sample where at < ${now - SAMPLES_KEPT_MS}`;
}

/** The last day whose sums are in `stat_day` and `stat_instance`, in days since 1970; -1 where there is none. */
export async function readSummedDay(sql: Sql): Promise<number> {
  const [row] = await sql<{ value: string }[]>`select value from meta where key = ${SUMMED_DAY}`;
  return row === undefined ? -1 : Number(row.value);
}

/** Sums the days before yesterday: nothing is counted for them any more, not by a slow flush either. */
export async function sumDays(sql: Sql, now: number): Promise<void> {
  const last = Math.floor(now / DAY_MS) - 2;
  if (await readSummedDay(sql) >= last) return;
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${SUM_LOCK}, 0)`;
    const [mark] = await tx<{ value: string }[]>`select value from meta where key = ${SUMMED_DAY}`;
    const first = mark === undefined ? 0 : Number(mark.value) + 1;
    if (first > last) return;
    await tx`create temporary table summing on commit drop as
      select c.instance, s.config, s.hour, s.kind, sum(s.n)::bigint as n
      from (select * from stat union all select * from stat_delta) s join config c on c.no = s.config
      where s.hour >= ${first * 24} and s.hour < ${(last + 1) * 24} group by 1, 2, 3, 4`;
    await tx`insert into stat_day select config, hour / 24, kind, sum(n) from summing group by 1, 2, 3`;
    await tx`insert into stat_instance select instance, hour, kind, sum(n) from summing group by 1, 2, 3`;
    await tx`insert into meta values (${SUMMED_DAY}, ${String(last)})
      on conflict (key) do update set value = excluded.value`;
  });
}
