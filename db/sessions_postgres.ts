import { NODE_DEAD_MS, type SessionChange, type SessionClaim, type SessionStore } from "./sessions.ts";
import type { Sql } from "./sql.ts";

/**
 * The session table of one server process, `node` by name. Rows are locked in the order of their keys by all that write
 * several: after a restart two processes work on the same rows, one taking over what the other lets go.
 */
export function postgresSessions(sql: Sql, node: string): SessionStore {
  return {
    claim: (claims, now) => claim(sql, node, claims, now),
    update: (changes) => update(sql, changes),
    async release(sessions) {
      await sql`with gone as (
          select s.instance, s.device from session s join unnest(${sessions.map((s) => s.instance)}::int[],
            ${sessions.map((s) => s.deviceId)}::text[], ${sessions.map((s) => s.connection)}::text[]) x(i, d, c)
          on s.instance = x.i and s.device = x.d and s.connection = x.c
          order by s.instance, s.device for update of s)
        delete from session s using gone where s.instance = gone.instance and s.device = gone.device`;
    },
    async kickElsewhere(instance, owner) {
      const [row] = await sql<{ n: number }[]>`
        with kicked as (
          insert into eviction select node, connection, null from session
          where instance = ${instance} and node <> ${node} and ${
        "userId" in owner ? sql`user_id = ${owner.userId}` : sql`device = ${owner.deviceId}`
      } returning node, connection)
        select count(pg_notify('syncline_kick', node || ' ' || connection))::int as n from kicked`;
      return row!.n;
    },
    async evicted() {
      return await sql<{ connection: string; seq: number | null }[]>`
        delete from eviction where node = ${node} returning connection, seq`;
    },
    async beat(now) {
      const [row] = await sql<{ made: boolean }[]>`insert into node (id, seen_at) values (${node}, ${now})
        on conflict (id) do update set seen_at = excluded.seen_at returning xmax = 0 as made`;
      await sql`delete from session where node in (select id from node where seen_at < ${now - 60_000})`;
      await sql`delete from node where seen_at < ${now - 60_000}`;
      await sql`delete from eviction where node not in (select id from node)`;
      return row!.made;
    },
    async leave() {
      // rows that another process is taking over are none of ours any more
      await sql`delete from session where (instance, device) in (
        select instance, device from session where node = ${node} for update skip locked)`;
      await sql`delete from eviction where node = ${node}`;
      await sql`delete from node where id = ${node}`;
    },
  };
}

async function claim(
  sql: Sql,
  node: string,
  claims: readonly SessionClaim[],
  now: number,
): Promise<(number | null)[]> {
  // of several hellos of one device in one batch the last one counts: the row cannot be written twice
  const last = new Map(claims.map((c, index) => [`${c.instance}\n${c.deviceId}`, index]));
  const rows = [...last.values()].sort((a, b) => a - b).map((index) => claims[index]!);
  const granted = await sql<{ instance: number; device: string; connection: string; seq: number }[]>`
    with wanted as (
      select * from unnest((select ${rows.map((c) => c.instance)}::int[]), (select ${
    rows.map((c) => c.deviceId)
  }::text[]),
        (select ${rows.map((c) => c.connection)}::text[]), (select ${rows.map((c) => c.seq)}::bigint[]),
        (select ${rows.map((c) => c.os ?? null)}::text[]), (select ${rows.map((c) => c.appVersion ?? null)}::text[]),
        (select ${rows.map((c) => Number(c.foreground))}::int[]), (select ${rows.map((c) => c.userId)}::text[]),
        (select ${rows.map((c) => c.connectedAt)}::bigint[]))
        x(instance, device, connection, seq, os, app_version, foreground, user_id, connected_at)
    ), written as (
      insert into session as s (instance, device, connection, node, seq, os, app_version, foreground, user_id, connected_at)
      select instance, device, connection, ${node}, seq, os, app_version, foreground = 1, user_id, connected_at
      from wanted order by 1, 2
      on conflict (instance, device) do update set connection = excluded.connection, node = excluded.node,
        seq = excluded.seq, os = excluded.os, app_version = excluded.app_version, foreground = excluded.foreground,
        user_id = excluded.user_id, consistency = null, connected_at = excluded.connected_at
      where s.node = excluded.node or excluded.seq >= s.seq
        or not exists (select 1 from node n where n.id = s.node and n.seen_at > ${now - NODE_DEAD_MS})
      returning instance, device, connection, seq
    )
    select w.instance, w.device, coalesce(x.connection, '') as connection, coalesce(x.seq, s.seq, 0) as seq
    from wanted w left join written x using (instance, device)
    left join session s on s.instance = w.instance and s.device = w.device`;
  const byDevice = new Map(granted.map((row) => [`${row.instance}\n${row.device}`, row]));
  return claims.map((c, index) => {
    const row = byDevice.get(`${c.instance}\n${c.deviceId}`);
    if (row === undefined || last.get(`${c.instance}\n${c.deviceId}`) !== index) return row?.seq ?? c.seq;
    return row.connection === c.connection ? null : row.seq;
  });
}

async function update(sql: Sql, changes: readonly SessionChange[]): Promise<void> {
  await sql`with x as (select x.* from session s join unnest(${changes.map((c) => c.instance)}::int[], ${
    changes.map((c) => c.deviceId)
  }::text[],
      ${changes.map((c) => c.connection)}::text[], ${changes.map((c) => Number(c.foreground))}::int[],
      ${changes.map((c) => c.userId)}::text[], ${changes.map((c) => c.consistency)}::text[]) x(i, d, c, f, u, v)
      on s.instance = x.i and s.device = x.d and s.connection = x.c
      order by s.instance, s.device for update of s)
    update session s set foreground = x.f = 1, user_id = x.u, consistency = x.v
    from x where s.instance = x.i and s.device = x.d`;
}
