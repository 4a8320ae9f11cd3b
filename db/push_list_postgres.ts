import { endOf, has, pushColumns, stateOf } from "./push_state_sql.ts";
import { PUSH_HISTORY_MS, type PushCursor, type PushItem, type PushQuery } from "./push_states.ts";
import type { Sql } from "./sql.ts";

/** Pushes looked at for one page: a filter that few pass is answered with short pages rather than slowly. */
const LOOKED_AT = 5000;

type Row = PushItem & { config: number };

/** One page of pushes, newest first by (at, config, owner, id). */
export async function listPushes(
  sql: Sql,
  query: PushQuery,
): Promise<{ items: PushItem[]; next: PushCursor | null }> {
  const rows = await sql<Row[]>`
    select * from (
      select ${pushColumns(sql)}, o.config, ${stateOf(sql, query.now)} as state
      from (${candidates(sql, query, looksAt(query))}) o join config c on c.no = o.config
      left join arrival a on a.instance = o.instance and a.owner = o.owner and a.config = o.config and a.id = o.id
      where ${passes(sql, query)}
      order by o.at desc, o.config desc, o.owner desc, o.id desc) x
    where ${query.state === undefined ? sql`true` : sql`x.state = ${query.state}`}
    limit ${query.limit + 1}`;
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  const next = rows.length > query.limit && last !== undefined ? cursorOf(last) : await endOfLook(sql, query);
  return { items: items.map(({ config: _config, ...item }) => item), next };
}

function looksAt({ state, deviceId, userId, limit }: PushQuery): number {
  const filtered = state !== undefined || (deviceId !== undefined && userId !== undefined);
  return filtered ? LOOKED_AT : limit + 1;
}

/** Where the look ended before the page was full; null where there was nothing more to look at. */
async function endOfLook(sql: Sql, query: PushQuery): Promise<PushCursor | null> {
  const looked = looksAt(query);
  if (looked <= query.limit + 1) return null;
  const [row] = await sql<PushCursor[]>`
    select o.at, o.config, o.owner, o.id from (${candidates(sql, query, looked)}) o
    order by o.at, o.config, o.owner, o.id limit 1 offset 0`;
  const [{ n } = { n: 0 }] = await sql<{ n: number }[]>`
    select count(*)::int as n from (${candidates(sql, query, looked)}) o`;
  return row !== undefined && n >= looked ? row : null;
}

function cursorOf({ createdAt, config, owner, id }: Row): PushCursor {
  return { at: createdAt, config, owner, id };
}

/** The newest ops after the cursor that the cheap conditions let through, found by an index for each way of asking. */
function candidates(sql: Sql, query: PushQuery, limit: number) {
  const { instanceNo, bizType, now, after } = query;
  const owner = query.userId ?? query.deviceId;
  const target = query.userId !== undefined ? "user" : "device";
  const since = Math.max(query.from ?? 0, now - PUSH_HISTORY_MS + 1);
  const until = Math.min(query.to ?? Number.MAX_SAFE_INTEGER, (after?.at ?? Number.MAX_SAFE_INTEGER) + 1);
  const configs = sql`c.instance = ${instanceNo} and c.deleted_at is null
    ${bizType === undefined ? sql`` : sql`and c.biz_type = ${bizType}`}
    ${owner === undefined ? sql`` : sql`and c.target = ${target} and c.scope = 'single'`}`;
  return sql`
    select o.* from config c cross join lateral (
      select o.* from op o
      where o.config = c.no and o.at >= ${since} and o.at < ${until}
        ${owner === undefined ? sql`` : sql`and o.instance = ${instanceNo} and o.owner = ${owner}`}
        ${query.thirdMsgId === undefined ? sql`` : sql`and o.mid = ${query.thirdMsgId}`}
        ${
    after === undefined ? sql`` : sql`and (o.at, o.config, o.owner, o.id)
          < (${after.at}::bigint, ${after.config}::int, ${after.owner}, ${after.id}::bigint)`
  }
      order by o.at desc, o.owner desc, o.id desc limit ${limit}) o
    where ${configs}
    order by o.at desc, o.config desc, o.owner desc, o.id desc limit ${limit}`;
}

/** What a state means for the op itself: it saves telling the state of rows that cannot have it. */
function passes(sql: Sql, { state, userId, deviceId, now }: PushQuery) {
  const onDevice = userId !== undefined && deviceId !== undefined ? sql`a.device = ${deviceId}` : sql`true`;
  switch (state) {
    case "arrived":
      return sql`${onDevice} and a.id is not null`;
    case "threshold":
      return sql`${onDevice} and o.dropped`;
    case "expired":
      return sql`${onDevice} and a.id is null and ${endOf(sql)} <= ${now}::bigint`;
    case "sent":
      return sql`${onDevice} and ${has(sql, "delivery")}`;
    case "filtered":
      return sql`${onDevice} and ${has(sql, "owed")}`;
    case "discarded":
      return sql`${onDevice} and ${has(sql, "dead_letter")}`;
    default:
      return onDevice;
  }
}
