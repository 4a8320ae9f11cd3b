import type { Sql } from "../../db/sql.ts";
import type { AckRow, DeadLetter, Evidence, LogRow } from "./evidence.ts";
import type { Wrong } from "./judge_stream.ts";
import { indexOf, KINDS, midOf } from "./plan.ts";

const PAGE = 20_000;

/** What the database holds of the run. `start`: when the run began, ms since 1970. */
export async function readDatabase(sql: Sql, start: number): Promise<Pick<Evidence, "log" | "deadLetters" | "acks">> {
  const log: LogRow[] = [];
  const rows = sql<{ biz: string; owner: string; id: number; mid: string }[]>`
    select c.biz_type as biz, o.owner, o.id, o.mid from op o join config c on c.no = o.config
    where c.biz_type = any (${KINDS.map((kind) => kind.bizType)})`;
  for await (const page of rows.cursor(PAGE)) {
    for (const { biz, owner, id, mid } of page) log.push({ biz, owner, id, push: indexOf(mid) });
  }
  const deadLetters = await sql<DeadLetter[]>`
    select c.biz_type as biz, d.subject, d.device, d.id, d.reason, d.at - ${start} as at
    from dead_letter d join config c on c.no = d.config`;
  const acks = await sql<AckRow[]>`
    select c.biz_type as biz, a.owner, a.id, a.at - ${start} as at from arrival a join config c on c.no = a.config
    where c.biz_type = any (${KINDS.filter((kind) => !kind.multiDevice).map((kind) => kind.bizType)})`;
  return { log, deadLetters: [...deadLetters], acks: [...acks] };
}

/** STA-1: the counters say how many rows there are, whatever happened on the way. */
export async function judgeCounters(sql: Sql): Promise<Wrong[]> {
  const rows = await sql<{ biz: string; what: string; counted: number; there: number }[]>`
    with counted as (
      select config, kind, sum(n)::bigint as n from (select config, kind, n from stat union all
        select config, kind, n from stat_delta) s where kind in (0, 1) group by 1, 2
    ), there as (
      select config, 0 as kind, count(*) as n from op group by 1 union all
      select config, 1, count(*) from arrival group by 1
    )
    select c.biz_type as biz, case t.kind when 0 then 'pushes' else 'arrivals' end as what,
      coalesce(k.n, 0)::bigint as counted, t.n::bigint as there
    from there t join config c on c.no = t.config left join counted k on k.config = t.config and k.kind = t.kind
    where k.n is distinct from t.n`;
  return rows.map(({ biz, what, counted, there }) => ({
    rule: "STA-1",
    what: `${biz}: ${counted} ${what} are counted, there are ${there}`,
  }));
}

/** What the database knows of a push, for whoever looks for the reason why it was lost. Times are ms of the run. */
export async function factsOf(sql: Sql, push: number, start: number): Promise<string> {
  const [facts] = await sql<{ facts: string }[]>`
    select json_build_object(
      'op', (select json_build_object('id', o.id, 'owner', o.owner, 'at', o.at - ${start}, 'dropped', o.dropped,
        'kept', o.payload is not null, 'validUntil', o.valid_until - ${start})),
      'arrival', (select json_agg(json_build_object('device', device, 'at', at - ${start})) from arrival a
        where a.config = o.config and a.owner = o.owner and a.id = o.id),
      'delivery', (select json_agg(json_build_object('subject', subject, 'device', device, 'attempts', attempts,
        'at', at - ${start})) from delivery d where d.config = o.config and d.id = o.id
        and (o.owner = '' or d.subject = o.owner)),
      'owed', (select json_agg(json_build_object('subject', subject, 'device', device)) from owed w
        where w.config = o.config and w.id = o.id and (o.owner = '' or w.subject = o.owner)),
      'points', (select json_agg(json_build_object('subject', subject, 'device', device, 'point', point,
        'at', at - ${start})) from sync_point p where p.config = o.config and (o.owner = '' or p.subject = o.owner))
    )::text as facts
    from op o where o.mid = ${midOf(push)}`;
  return facts?.facts ?? "not in the database";
}
