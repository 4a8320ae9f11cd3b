import type { DeliveryStore, LoggedOp, OpKey, Page, PageRequest, Target, TargetOp } from "./delivery.ts";
import { type Encoding, wireForm } from "./payload.ts";
import { hydrate } from "./hydration_postgres.ts";
import { saveProgress } from "./progress_postgres.ts";
import type { Sql } from "./sql.ts";

/** More recent streams than this are not listed, but looked up by owner. */
const RECENT_LIMIT = 20_000;

/** The delivery store in Postgres. */
export function postgresDelivery(sql: Sql): DeliveryStore {
  return {
    hydrate: (requests) => hydrate(sql, requests),
    pages: (requests) => readPages(sql, requests),
    reported: (request) => readReported(sql, request),
    owe: (keys) => owe(sql, keys),
    claim: (keys, at) => claim(sql, keys, at),
    save: (progress) => saveProgress(sql, progress),
    recentHeads: (since) => recentHeads(sql, since),
    headsOf: (owners) => headsOf(sql, owners),
  };
}

type PageRow = {
  n: number;
  head: number;
  id: number | null;
  mid: string | null;
  at: number;
  valid_until: number;
  enc: Encoding;
  payload: string;
  os: string | null;
  min_version: string | null;
  max_version: string | null;
  attempts: number | null;
};

async function readPages(sql: Sql, requests: readonly PageRequest[]): Promise<Page[]> {
  const ranges = requests.filter((r) => r.ids === undefined);
  const lists = requests.filter((r) => r.ids !== undefined);
  const [rangePages, listPages] = await Promise.all([
    ranges.length ? readRanges(sql, ranges) : [],
    lists.length ? readLists(sql, lists) : [],
  ]);
  const pages = new Map<PageRequest, Page>();
  ranges.forEach((r, i) => pages.set(r, rangePages[i]!));
  lists.forEach((r, i) => pages.set(r, listPages[i]!));
  return requests.map((r) => pages.get(r)!);
}

async function readRanges(sql: Sql, requests: readonly PageRequest[]): Promise<Page[]> {
  const rows = await sql<PageRow[]>`
    select r.n::int, h.head,
      p.id, p.mid, p.at, p.valid_until, p.enc, p.payload, p.os, p.min_version, p.max_version,
      -- a look-up by key: as a join it reads all deliveries of the target for each op
      case when h.sent then (select d.attempts from delivery d where d.instance = r.instance and d.subject = r.subject
        and d.config = r.config and d.device = r.device and d.id = p.id) end as attempts
    from unnest((select ${requests.map((r) => r.instance)}::int[]), (select ${requests.map((r) => r.owner)}::text[]),
      (select ${requests.map((r) => r.config)}::int[]), (select ${requests.map((r) => r.subject)}::text[]),
      (select ${requests.map((r) => r.device)}::text[]), (select ${requests.map((r) => r.after)}::bigint[]),
      (select ${requests.map((r) => r.limit)}::int[]), (select ${requests.map((r) => Number(r.unarrived))}::int[]),
      (select ${requests.map((r) => r.threshold)}::int[]))
      with ordinality as r(instance, owner, config, subject, device, after, lim, unarrived, threshold, n)
    join config c on c.no = r.config
    cross join lateral (select greatest(c.floor, (select coalesce(max(o.id), 0) from op o
        where o.instance = r.instance and o.owner = r.owner and o.config = r.config)) as head,
      -- most targets have neither above their cursor: asked once, not for each op
      exists (select 1 from dead_letter x where x.instance = r.instance and x.subject = r.subject
        and x.config = r.config and x.device = r.device and x.id > r.after) as refused,
      exists (select 1 from delivery d where d.instance = r.instance and d.subject = r.subject
        and d.config = r.config and d.device = r.device and d.id > r.after) as sent
      offset 0) h
    left join lateral (
      select o.* from op o
      where o.instance = r.instance and o.owner = r.owner and o.config = r.config and o.id > r.after
        and o.payload is not null and not o.dropped
        and (not h.refused or not exists (select 1 from dead_letter x where x.instance = r.instance
          and x.subject = r.subject and x.config = r.config and x.device = r.device and x.id = o.id))
        and (r.unarrived = 0 or not exists (select 1 from arrival a where a.instance = o.instance
          and a.owner = o.owner and a.config = o.config and a.id = o.id))
        and (r.threshold is null
          or o.id > coalesce((select k.id from op k where k.instance = r.instance and k.owner = r.owner
            and k.config = r.config order by k.id desc offset r.threshold limit 1), 0)
          or exists (select 1 from delivery s where s.instance = r.instance and s.subject = r.subject
            and s.config = r.config and s.device = r.device and s.id = o.id))
      order by o.id limit r.lim
    ) p on true
    order by r.n, p.id`;
  return requests.map((request, index) => {
    const { head, ops } = collect(rows, index + 1);
    return { ops, head, upTo: ops.length >= request.limit ? ops[ops.length - 1]!.id : Math.max(head, request.after) };
  });
}

async function readLists(sql: Sql, requests: readonly PageRequest[]): Promise<Page[]> {
  const wanted = requests.flatMap((r, index) => r.ids!.map((id) => ({ ...r, id, n: index + 1 })));
  const rows = await sql<PageRow[]>`
    select w.n, 0 as head, o.id, o.mid, o.at, o.valid_until, o.enc, o.payload, o.os, o.min_version, o.max_version,
      d.attempts
    from unnest((select ${wanted.map((w) => w.n)}::int[]), (select ${wanted.map((w) => w.instance)}::int[]),
      (select ${wanted.map((w) => w.owner)}::text[]), (select ${wanted.map((w) => w.config)}::int[]),
      (select ${wanted.map((w) => w.subject)}::text[]), (select ${wanted.map((w) => w.device)}::text[]),
      (select ${wanted.map((w) => w.id)}::bigint[]), (select ${wanted.map((w) => w.threshold)}::int[]))
      w(n, instance, owner, config, subject, device, id, threshold)
    join op o on o.instance = w.instance and o.owner = w.owner and o.config = w.config and o.id = w.id
      and o.payload is not null and not o.dropped
    left join delivery d on d.instance = w.instance and d.subject = w.subject and d.config = w.config
      and d.device = w.device and d.id = w.id
    where not exists (select 1 from dead_letter x where x.instance = w.instance and x.subject = w.subject
      and x.config = w.config and x.device = w.device and x.id = w.id)
      and (w.threshold is null or d.id is not null
        or o.id > coalesce((select k.id from op k where k.instance = w.instance and k.owner = w.owner
          and k.config = w.config order by k.id desc offset w.threshold limit 1), 0))
    order by w.n, w.id`;
  return requests.map((request, index) => ({ ops: collect(rows, index + 1).ops, head: 0, upTo: request.after }));
}

function collect(rows: readonly PageRow[], n: number): { head: number; ops: TargetOp[] } {
  // rows are sorted by n: find the run of this request
  let low = 0;
  for (let high = rows.length; low < high;) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.n < n) low = middle + 1;
    else high = middle;
  }
  const ops: TargetOp[] = [];
  let head = 0;
  for (; low < rows.length && rows[low]!.n === n; low++) {
    const row = rows[low]!;
    head = row.head;
    if (row.id !== null) ops.push(toOp(row, row.id));
  }
  return { head, ops };
}

function toOp(row: PageRow, id: number): TargetOp {
  const mid = row.mid ?? "";
  return {
    id,
    mid,
    at: row.at,
    validUntil: row.valid_until,
    os: row.os,
    minVersion: row.min_version,
    maxVersion: row.max_version,
    ...wireForm({ id, mid, at: row.at, enc: row.enc, payload: row.payload }),
    attempts: row.attempts ?? 0,
    recorded: row.attempts !== null,
  };
}

type ReportedRow = Pick<LoggedOp, "id" | "at" | "os" | "minVersion" | "maxVersion">;

async function readReported(
  sql: Sql,
  r: Target & { owner: string; after: number; upTo: number; now: number; retentionMs: number },
): Promise<ReportedRow[]> {
  return await sql<ReportedRow[]>`
    with candidate as (
      select id from op where instance = ${r.instance} and owner = ${r.owner} and config = ${r.config}
        and id > ${r.after} and id <= ${r.upTo}
      union
      select id from delivery where instance = ${r.instance} and subject = ${r.subject} and config = ${r.config}
        and device = ${r.device} and id <= ${r.upTo}
    )
    select o.id, o.at, o.os, o.min_version as "minVersion", o.max_version as "maxVersion"
    from candidate k join op o on o.instance = ${r.instance} and o.owner = ${r.owner} and o.config = ${r.config}
      and o.id = k.id
    where not o.dropped and o.payload is not null
      and least(o.valid_until, o.at + ${r.retentionMs}::bigint) > ${r.now}
      and (select 1 from owed w where w.instance = ${r.instance} and w.subject = ${r.subject}
        and w.config = ${r.config} and w.device = ${r.device} and w.id = o.id) is null
      and (select 1 from dead_letter x where x.instance = ${r.instance} and x.subject = ${r.subject}
        and x.config = ${r.config} and x.device = ${r.device} and x.id = o.id) is null
    order by o.id`;
}

async function owe(sql: Sql, keys: readonly OpKey[]): Promise<void> {
  await sql`insert into owed (instance, subject, config, device, id)
    select * from unnest(${keys.map((k) => k.instance)}::int[], ${keys.map((k) => k.subject)}::text[],
      ${keys.map((k) => k.config)}::int[], ${keys.map((k) => k.device)}::text[], ${keys.map((k) => k.id)}::bigint[])
    on conflict do nothing`;
}

async function claim(sql: Sql, keys: readonly (OpKey & { owner: string })[], at: number): Promise<OpKey[]> {
  return await sql<OpKey[]>`select instance, subject, config, device, id from claim_sends(
    ${keys.map((k) => k.instance)}::int[], ${keys.map((k) => k.owner)}::text[], ${keys.map((k) => k.config)}::int[],
    ${keys.map((k) => k.subject)}::text[], ${keys.map((k) => k.device)}::text[], ${keys.map((k) => k.id)}::bigint[],
    ${at})`;
}

type HeadRow = { config: number; owner: string; head: number };

async function recentHeads(sql: Sql, since: number): Promise<HeadRow[] | null> {
  const rows = await sql<(HeadRow & { seen: number })[]>`
    with recent as materialized (
      select o.config, o.owner, o.id from config c
      cross join lateral (select x.config, x.owner, x.id from op x where x.config = c.no and x.at > ${since}
        limit ${RECENT_LIMIT}) o
      limit ${RECENT_LIMIT})
    select config, owner, max(id) as head, (select count(*) from recent)::int as seen from recent group by 1, 2`;
  return rows.length > 0 && rows[0]!.seen >= RECENT_LIMIT ? null : rows;
}

async function headsOf(sql: Sql, owners: readonly { instance: number; owner: string }[]): Promise<HeadRow[]> {
  return await sql<HeadRow[]>`
    select s.config, r.owner, s.head
    from unnest(${owners.map((o) => o.instance)}::int[], ${owners.map((o) => o.owner)}::text[]) r(instance, owner)
    cross join lateral (
      with recursive k(config) as (
        select min(o.config) from op o where o.instance = r.instance and o.owner = r.owner
        union all
        select (select min(o.config) from op o
          where o.instance = r.instance and o.owner = r.owner and o.config > k.config)
        from k where k.config is not null)
      select k.config, (select max(o.id) from op o
        where o.instance = r.instance and o.owner = r.owner and o.config = k.config) as head
      from k where k.config is not null) s`;
}
