import type { Hydrated, Target } from "./delivery.ts";
import type { Sql } from "./sql.ts";

type HydrateRow = {
  n: number;
  streams: [number, number][] | null;
  points: [number, number][] | null;
  owed: [number, number][] | null;
  marked: number[] | null;
  unanswered: [number, number][] | null;
};

/** One query for many connects. The streams of an owner are found by skipping from config to config in the log's key. */
export async function hydrate(sql: Sql, requests: readonly Omit<Target, "config">[]): Promise<Hydrated[]> {
  const rows = await sql<HydrateRow[]>`
    select r.n::int,
      (with recursive s(config) as (
          select min(o.config) from op o where o.instance = r.instance and o.owner = r.subject
          union all
          select (select min(o.config) from op o
            where o.instance = r.instance and o.owner = r.subject and o.config > s.config)
          from s where s.config is not null)
        select json_agg(json_build_array(s.config, greatest(c.floor, (select max(o.id) from op o
          where o.instance = r.instance and o.owner = r.subject and o.config = s.config))))
        from s join config c on c.no = s.config and c.deleted_at is null) as streams,
      (select json_agg(json_build_array(p.config, p.point)) from sync_point p
        where p.instance = r.instance and p.subject = r.subject and p.device = r.device) as points,
      (select json_agg(json_build_array(w.config, w.id) order by w.id) from owed w
        where w.instance = r.instance and w.subject = r.subject and w.device = r.device) as owed,
      (select json_agg(m.config) from (
        select d.config from delivery d
          where d.instance = r.instance and d.subject = r.subject and d.device = r.device
        union
        select x.config from dead_letter x
          where x.instance = r.instance and x.subject = r.subject and x.device = r.device and x.reason = 'retries') m
      ) as marked,
      (select json_agg(json_build_array(d.config, d.id)) from (
        select config, min(id) as id from delivery
        where instance = r.instance and subject = r.subject and device = r.device group by config) d) as unanswered
    from unnest((select ${requests.map((r) => r.instance)}::int[]), (select ${requests.map((r) => r.subject)}::text[]),
      (select ${requests.map((r) => r.device)}::text[])) with ordinality as r(instance, subject, device, n)`;
  const results = new Array<Hydrated>(requests.length);
  for (const row of rows) {
    results[row.n - 1] = {
      streams: (row.streams ?? []).map(([config, head]) => ({ config, head })),
      points: (row.points ?? []).map(([config, point]) => ({ config, point })),
      owed: (row.owed ?? []).map(([config, id]) => ({ config, id })),
      marked: row.marked ?? [],
      unanswered: (row.unanswered ?? []).map(([config, id]) => ({ config, id })),
    };
  }
  return results;
}
