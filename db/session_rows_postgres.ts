import { NODE_DEAD_MS } from "./sessions.ts";
import type { SessionRow, SessionRows } from "./session_rows.ts";
import type { Sql } from "./sql.ts";

/** The table of live sessions (db/migrations/002_oplog.sql). */
export function postgresSessionRows(sql: Sql): SessionRows {
  return {
    async of(instanceNo, owner, now) {
      const rows = await sql<SessionRow[]>`
        select s.node, s.device as "deviceId", s.user_id as "userId", s.os, s.app_version as "appVersion", s.foreground,
          s.connected_at as "connectedAt", s.consistency
        from session s join node n on n.id = s.node and n.seen_at > ${now - NODE_DEAD_MS}
        where s.instance = ${instanceNo}
          and ${"userId" in owner ? sql`s.user_id = ${owner.userId}` : sql`s.device = ${owner.deviceId}`}
        order by s.connected_at desc limit 200`;
      return [...rows];
    },
  };
}
