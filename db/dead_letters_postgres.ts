import type { DeadLetter, DeadLetterCursor, DeadLetterQuery } from "./push_states.ts";
import type { Sql } from "./sql.ts";

type Row = DeadLetter & { subject: string; config: number; device: string };

/** One page of dead letters, newest first by (at, subject, config, device, id). */
export async function postgresDeadLetters(
  sql: Sql,
  query: DeadLetterQuery,
): Promise<{ items: DeadLetter[]; next: DeadLetterCursor | null }> {
  const rows = await sql<Row[]>`
    select c.biz_type as "bizType", case c.scope when 'global' then '' else x.subject end as owner,
      case c.target when 'user' then nullif(x.subject, '') end as "userId",
      case when x.device <> '' then x.device when c.target = 'device' then nullif(x.subject, '') end as "deviceId",
      x.id, x.mid as "thirdMsgId", x.reason, x.attempts, x.at, x.subject, x.config, x.device
    from dead_letter x join config c on c.no = x.config and c.deleted_at is null
    where ${filter(sql, query)}
    order by x.at desc, x.subject desc, x.config desc, x.device desc, x.id desc limit ${query.limit + 1}`;
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  const next = rows.length > query.limit && last !== undefined ? cursorOf(last) : null;
  return { items: items.map(({ subject: _subject, config: _config, device: _device, ...letter }) => letter), next };
}

function cursorOf({ at, subject, config, device, id }: Row): DeadLetterCursor {
  return { at, subject, config, device, id };
}

function filter(sql: Sql, { instanceNo, bizType, userId, deviceId, reason, from, to, after }: DeadLetterQuery) {
  return sql`x.instance = ${instanceNo}
    ${bizType === undefined ? sql`` : sql`and c.biz_type = ${bizType}`}
    ${userId === undefined ? sql`` : sql`and c.target = 'user' and x.subject = ${userId}`}
    ${
    deviceId === undefined
      ? sql``
      : sql`and (x.device = ${deviceId} or (c.target = 'device' and x.subject = ${deviceId}))`
  }
    ${reason === undefined ? sql`` : sql`and x.reason = ${reason}`}
    ${from === undefined ? sql`` : sql`and x.at >= ${from}`}
    ${to === undefined ? sql`` : sql`and x.at < ${to}`}
    ${
    after === undefined ? sql`` : sql`and x.at <= ${after.at} and (x.at, x.subject, x.config, x.device, x.id)
      < (${after.at}::bigint, ${after.subject}, ${after.config}::int, ${after.device}, ${after.id}::bigint)`
  }`;
}
