import { openSql } from "../../db/sql.ts";

/** Rows of one statement: few enough that the server's own statements are not kept waiting for long. */
const CHUNK = 500_000;
const DAYS = 20;

/** The `thirdMsgId` of the op `id` of each filled stream. */
export const filledMid = (id: number) => `fill-${id}`;

/**
 * Stores `ops` ops of UCHAT for `users` users of the demo instance, as pushes of the last 20 days would have: the same
 * number each, ids from 1, all in time order; counts them; then vacuums and analyzes, as autovacuum would have. Does
 * nothing where they are stored already.
 *
 * @throws when the users' streams are not empty.
 */
export async function fill(databaseUrl: string, ops: number, users: number): Promise<void> {
  const sql = openSql(databaseUrl, { max: 1 });
  try {
    const each = Math.floor(ops / users);
    await sql`set statement_timeout = 0`;
    const [stream] = await sql<{ instance: number; config: number }[]>`
      select instance, no as config from config where biz_type = 'UCHAT' and deleted_at is null`;
    const { instance, config } = stream!;
    const [last] = await sql`select 1 from op where instance = ${instance} and owner = 'user-0' and config = ${config}
      and mid = ${filledMid(each)}`;
    if (last) return;
    await sql`set synchronous_commit = off`;
    const now = Date.now(), step = Math.floor(DAYS * 86_400_000 / each);
    const ids = Math.max(1, Math.floor(CHUNK / users));
    for (let first = 1; first <= each; first += ids) {
      const upTo = Math.min(each, first + ids - 1);
      await sql`insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload)
        select ${instance}::int, 'user-' || u, ${config}::int, i, 'fill-' || i, t, t + 2592000000, false, 't',
          'hello from ' || (u * 1000 + i) || ', a message of usual size'
        from (select u, i, ${now}::bigint - (${each}::bigint - i + 1) * ${step}::bigint + u * ${step}::bigint / ${users}::bigint as t
          from generate_series(0, ${users - 1}::int) u, generate_series(${first}::int, ${upTo}::int) i) x
        order by ('user-' || u) collate "C", i`;
    }
    await sql`insert into stat_delta select config, (at / 3600000)::int, 0, count(*) from op where mid like 'fill-%' group by 1, 2`;
    await sql`vacuum (analyze) op`;
    await sql`checkpoint`;
  } finally {
    await sql.end();
  }
}
