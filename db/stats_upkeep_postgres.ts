import type { TransactionSql } from "postgres";
import { NODE_DEAD_MS } from "./sessions.ts";
import type { Sql } from "./sql.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3600_000;
const SAMPLES_KEPT_MS = 31 * 24 * HOUR_MS;
/** Key in `meta` of the last hour that is summed, in hours since 1970. */
const SUMMED_HOUR = "statistics_hour";
/** An hour is over when it ended so long ago, ms: nothing is counted for it any more, not by a slow flush either. */
const OVER_MS = 6 * HOUR_MS;
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

/**
 * The last hour whose sums are in `stat_day` and `stat_instance`, in hours since 1970; -1 where there is none. To be read
 * in one snapshot with them.
 */
export async function readSummedHour(sql: Sql | TransactionSql): Promise<number> {
  const [row] = await sql<{ value: string }[]>`select value from meta where key = ${SUMMED_HOUR}`;
  return row === undefined ? -1 : Number(row.value);
}

/** Adds the hours that are over by now to the sums. Sums that a clock made which was ahead are made anew. */
export async function sumHours(sql: Sql, now: number): Promise<void> {
  const last = Math.floor((now - OVER_MS) / HOUR_MS) - 1;
  const isToCome = (hour: number) => hour * HOUR_MS > now;
  const isDone = (hour: number) => hour >= last && !isToCome(hour);
  if (isDone(await readSummedHour(sql))) return;
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${SUM_LOCK}, 0)`;
    const summed = await readSummedHour(tx);
    if (isDone(summed)) return;
    if (isToCome(summed)) await tx`with days as (delete from stat_day) delete from stat_instance`;
    const first = isToCome(summed) ? 0 : summed + 1;
    await tx`create temporary table summing on commit drop as
      select c.instance, s.config, s.hour, s.kind, sum(s.n)::bigint as n
      from (select * from stat union all select * from stat_delta) s join config c on c.no = s.config
      where s.hour >= ${first} and s.hour <= ${last} group by 1, 2, 3, 4`;
    await tx`insert into stat_day as d select config, hour / 24, kind, sum(n) from summing group by 1, 2, 3
      on conflict (config, day, kind) do update set n = d.n + excluded.n`;
    await tx`insert into stat_instance select instance, hour, kind, sum(n) from summing group by 1, 2, 3`;
    await tx`insert into meta values (${SUMMED_HOUR}, ${String(last)})
      on conflict (key) do update set value = excluded.value`;
  });
}
