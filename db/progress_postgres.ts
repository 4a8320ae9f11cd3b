import type { OpKey, Progress } from "./delivery.ts";
import type { Sql } from "./sql.ts";

type Tx = Pick<Sql, "unsafe"> & Sql;

/** Upper bounds of the latency buckets in ms; `stat.kind` 10 + index (db/migrations/002_oplog.sql). */
export const LATENCY_BUCKETS = [5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 60_000, Infinity] as const;

/** Deliveries that end in one transaction at most: each may lock a stream, and Postgres has room for some 7,000 locks. */
const ENDED_AT_ONCE = 1_000;

/** Writes one flush in one transaction; where very many deliveries end, the rest of them in further ones. */
export async function saveProgress(sql: Sql, progress: Progress): Promise<void> {
  const { done, at } = progress;
  // with the first what else is known of the others, above all that they have arrived
  await saveAtOnce(sql, { ...progress, done: done.slice(0, ENDED_AT_ONCE) });
  const nothing = { points: [], arrivals: [], sent: [], settled: [], discarded: [], at };
  for (let n = ENDED_AT_ONCE; n < done.length; n += ENDED_AT_ONCE) {
    await saveAtOnce(sql, { ...nothing, done: done.slice(n, n + ENDED_AT_ONCE) });
  }
}

/** In one transaction, its statements pipelined. */
async function saveAtOnce(sql: Sql, progress: Progress): Promise<void> {
  const { points, arrivals, sent, done, settled, discarded } = progress;
  await sql.begin((transaction) => {
    const tx = transaction as unknown as Tx;
    const statements = [];
    // what was kept only because it had been sent may be over its threshold when this is done (THR-1)
    if (done.length) {
      statements.push(
        tx`select lock_ended(${done.map((k) => k.config)}::int[], ${done.map((k) => k.subject)}::text[])`,
      );
    }
    if (points.length) statements.push(savePoints(tx, points, progress.at));
    if (arrivals.length) statements.push(saveArrivals(tx, arrivals, progress.at));
    if (sent.length) statements.push(saveSent(tx, sent, progress.at));
    if (discarded.length) statements.push(saveDiscarded(tx, discarded, progress.at));
    if (done.length) statements.push(forget(tx, "delivery", done));
    if (settled.length) statements.push(forget(tx, "owed", settled));
    if (done.length) {
      statements.push(tx`select drop_ended(${done.map((k) => k.config)}::int[], ${done.map((k) => k.subject)}::text[],
        ${done.map((k) => k.id)}::bigint[], ${progress.at})`);
    }
    return statements;
  });
}

function savePoints(tx: Tx, points: Progress["points"], at: number) {
  return tx`insert into sync_point (instance, subject, config, device, point, at)
    select i, s, c, d, p, ${at} from unnest(${points.map((p) => p.instance)}::int[],
      ${points.map((p) => p.subject)}::text[], ${points.map((p) => p.config)}::int[],
      ${points.map((p) => p.device)}::text[], ${points.map((p) => p.point)}::bigint[]) x(i, s, c, d, p)
    order by 1, 2, 3, 4
    on conflict (instance, subject, config, device) do update
      set point = greatest(sync_point.point, excluded.point), at = excluded.at`;
}

function saveArrivals(tx: Tx, arrivals: Progress["arrivals"], at: number) {
  const kinds = arrivals.map((a) => 10 + LATENCY_BUCKETS.findIndex((bound) => a.latency <= bound));
  return tx`with first as (
      insert into arrival (instance, owner, config, id, at, device)
      select i, o, c, n, ${at}, d from unnest(${arrivals.map((a) => a.instance)}::int[],
        ${arrivals.map((a) => a.owner)}::text[], ${arrivals.map((a) => a.config)}::int[],
        ${arrivals.map((a) => a.id)}::bigint[], ${arrivals.map((a) => a.device)}::text[]) x(i, o, c, n, d)
      order by 1, 2, 3, 4
      on conflict do nothing returning instance, owner, config, id
    )
    insert into stat_delta (config, hour, kind, n)
    select f.config, ${Math.floor(at / 3_600_000)}::int, k.kind, count(*)
    from first f join (select distinct on (o, c, n) o, c, n, kind from unnest(
        ${arrivals.map((a) => a.owner)}::text[], ${arrivals.map((a) => a.config)}::int[],
        ${arrivals.map((a) => a.id)}::bigint[], ${kinds}::int[]) x(o, c, n, kind)) l
      on l.o = f.owner and l.c = f.config and l.n = f.id
    cross join lateral (values (1), (l.kind)) k(kind)
    group by 1, 2, 3`;
}

function saveSent(tx: Tx, sent: Progress["sent"], at: number) {
  return tx`insert into delivery (instance, subject, config, device, id, attempts, at)
    select i, s, c, d, n, a, ${at} from unnest(${sent.map((k) => k.instance)}::int[],
      ${sent.map((k) => k.subject)}::text[], ${sent.map((k) => k.config)}::int[],
      ${sent.map((k) => k.device)}::text[], ${sent.map((k) => k.id)}::bigint[],
      ${sent.map((k) => k.attempts)}::int[]) x(i, s, c, d, n, a)
    order by 1, 2, 3, 4, 5
    on conflict (instance, subject, config, device, id) do update
      set attempts = greatest(delivery.attempts, excluded.attempts), at = excluded.at`;
}

function saveDiscarded(tx: Tx, discarded: Progress["discarded"], at: number) {
  return tx`with letter as (
      insert into dead_letter (instance, subject, config, device, id, mid, reason, attempts, at)
      select i, s, c, d, n, m, 'retries', a, ${at} from unnest(${discarded.map((k) => k.instance)}::int[],
        ${discarded.map((k) => k.subject)}::text[], ${discarded.map((k) => k.config)}::int[],
        ${discarded.map((k) => k.device)}::text[], ${discarded.map((k) => k.id)}::bigint[],
        ${discarded.map((k) => k.mid)}::text[], ${discarded.map((k) => k.attempts)}::int[]) x(i, s, c, d, n, m, a)
      on conflict do nothing returning config)
    insert into stat_delta select config, ${Math.floor(at / 3_600_000)}::int, 2, count(*) from letter group by 1`;
}

function forget(tx: Tx, table: "delivery" | "owed", keys: readonly OpKey[]) {
  // look-ups by key: as a join it reads the whole table when that was small at the planning
  return tx`delete from ${tx(table)} where ctid = any (array(
    select (select t.ctid from ${tx(table)} t where t.instance = x.i and t.subject = x.s and t.config = x.c
      and t.device = x.d and t.id = x.n)
    from unnest((select ${keys.map((k) => k.instance)}::int[]), (select ${keys.map((k) => k.subject)}::text[]),
      (select ${keys.map((k) => k.config)}::int[]), (select ${keys.map((k) => k.device)}::text[]),
      (select ${keys.map((k) => k.id)}::bigint[])) x(i, s, c, d, n)))`;
}
