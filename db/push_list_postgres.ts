import { endOf, has, pushColumns, stateOf } from "./push_state_sql.ts";
import { PUSH_HISTORY_MS, type PushCursor, type PushItem, type PushQuery } from "./push_states.ts";
import { findWindow, type Window } from "./push_window_postgres.ts";
import type { Sql } from "./sql.ts";

/** Pushes looked at for one page: a filter that few pass is answered with short pages rather than slowly. */
const LOOKED_AT = 1000;

/** How far ahead the clock of another server may be, ms. */
const AHEAD_MS = 60_000;

type Row = PushItem & { config: number };
type Page = { items: PushItem[]; next: PushCursor | null };

/** One page of pushes, newest first by (at, config, owner, id). */
export async function listPushes(sql: Sql, query: PushQuery): Promise<Page> {
  const configs = await configsOf(sql, query);
  const since = Math.max(query.from ?? 0, query.now - PUSH_HISTORY_MS + 1);
  const until = Math.min(query.to ?? Infinity, endOfCursor(query.after), query.now + AHEAD_MS);
  if (configs.length === 0 || since >= until) return { items: [], next: null };
  const lookAt = isFiltered(query) ? LOOKED_AT : query.limit + 1;
  // One owner's pushes are found by the owner; all others by their time, of which just enough is looked at.
  const window = ownerOf(query) === undefined
    ? await findWindow(sql, { among: among(sql, query, configs), since, until, wanted: lookAt })
    : { from: since, to: until };
  return await readPage(sql, query, { configs, window, since, lookAt });
}

async function readPage(
  sql: Sql,
  query: PushQuery,
  { configs, window, since, lookAt }: { configs: number[]; window: Window; since: number; lookAt: number },
): Promise<Page> {
  const rows = await sql<(Row & { seen: number; end: PushCursor })[]>`
    with looked as materialized (
      select o.instance, o.owner, o.config, o.id, o.mid, o.at, o.valid_until, o.os, o.min_version, o.max_version, o.dropped
      from op o
      where ${among(sql, query, configs)} and o.at >= ${window.from} and o.at < ${window.to}
      order by o.at desc, o.config desc, o.owner desc, o.id desc limit ${lookAt}
    ), passed as (
      select * from (
        select ${pushColumns(sql)}, o.config, ${stateOf(sql, query.now)} as state
        from looked o join config c on c.no = o.config
        left join arrival a on a.instance = o.instance and a.owner = o.owner and a.config = o.config and a.id = o.id
        where ${passes(sql, query)}) p
      where ${query.state === undefined ? sql`true` : sql`p.state = ${query.state}`}
      order by p."createdAt" desc, p.config desc, p.owner desc, p.id desc limit ${query.limit + 1})
    select p.*, (select count(*)::int from looked) as seen,
      (select json_build_object('at', at, 'config', config, 'owner', owner, 'id', id) from looked
        order by at, config, owner, id limit 1) as end
    from (values (1)) one left join passed p on true
    order by p."createdAt" desc, p.config desc, p.owner desc, p.id desc`;
  const found = rows.filter((row) => row.id !== null);
  const items = found.slice(0, query.limit).map(({ config: _config, seen: _seen, end: _end, ...item }) => item);
  const last = found[query.limit - 1];
  if (found.length > query.limit && last !== undefined) return { items, next: cursorOf(last) };
  const [{ seen, end } = { seen: 0, end: null }] = rows;
  if (seen >= lookAt) return { items, next: end };
  // All of the window was looked at: what is older follows.
  const next = window.from > since ? { at: window.from, config: 0, owner: "", id: 0 } : null;
  return { items, next };
}

/** A cursor of config 0 says that everything from its moment on was looked at. */
function endOfCursor(after: PushCursor | undefined): number {
  if (after === undefined) return Infinity;
  return after.config === 0 ? after.at : after.at + 1;
}

function cursorOf({ createdAt, config, owner, id }: Row): PushCursor {
  return { at: createdAt, config, owner, id };
}

function isFiltered({ state, thirdMsgId, userId, deviceId }: PushQuery): boolean {
  return state !== undefined || thirdMsgId !== undefined || (userId !== undefined && deviceId !== undefined);
}

function ownerOf({ userId, deviceId }: PushQuery): string | undefined {
  return userId ?? deviceId;
}

async function configsOf(sql: Sql, query: PushQuery): Promise<number[]> {
  const target = query.userId === undefined ? "device" : "user";
  const rows = await sql<{ no: number }[]>`
    select no from config where instance = ${query.instanceNo} and deleted_at is null
      ${query.bizType === undefined ? sql`` : sql`and biz_type = ${query.bizType}`}
      ${ownerOf(query) === undefined ? sql`` : sql`and target = ${target} and scope = 'single'`}`;
  return rows.map((row) => row.no);
}

/** The conditions that an index answers. */
function among(sql: Sql, query: PushQuery, configs: number[]) {
  const { instanceNo, after } = query;
  const owner = ownerOf(query);
  return sql`o.config = any (${configs}::int[])
    ${owner === undefined ? sql`` : sql`and o.instance = ${instanceNo} and o.owner = ${owner}`}
    ${
    after === undefined ? sql`` : sql`and (o.at, o.config, o.owner, o.id)
      < (${after.at}::bigint, ${after.config}::int, ${after.owner}, ${after.id}::bigint)`
  }`;
}

/** What a filter means for the op itself: it saves telling the state of rows that cannot have it. */
function passes(sql: Sql, { state, userId, deviceId, thirdMsgId, now }: PushQuery) {
  const own = sql`${thirdMsgId === undefined ? sql`true` : sql`o.mid = ${thirdMsgId}`}
    and ${userId === undefined || deviceId === undefined ? sql`true` : sql`a.device = ${deviceId}`}`;
  switch (state) {
    case "arrived":
      return sql`${own} and a.id is not null`;
    case "threshold":
      return sql`${own} and a.id is null and o.dropped`;
    case "expired":
      return sql`${own} and a.id is null and ${endOf(sql)} <= ${now}::bigint`;
    case "sent":
      return sql`${own} and a.id is null and ${has(sql, "delivery")}`;
    case "filtered":
      return sql`${own} and a.id is null and ${has(sql, "owed")}`;
    case "discarded":
      return sql`${own} and a.id is null and ${has(sql, "dead_letter")}`;
    case "pending":
      return sql`${own} and a.id is null and not o.dropped and not ${has(sql, "delivery")}`;
    default:
      return own;
  }
}
