import { postgresDeadLetters } from "./dead_letters_postgres.ts";
import type { Encoding } from "./payload.ts";
import { textOf } from "./push_text.ts";
import { PUSH_HISTORY_MS, type PushDelivery, type PushDetail, type PushItem, type PushStates } from "./push_states.ts";
import { listPushes } from "./push_list_postgres.ts";
import { pushColumns, stateOf } from "./push_state_sql.ts";
import type { Sql } from "./sql.ts";

/** What became of every push, told from the tables of the log (db/migrations/002_oplog.sql). */
export function postgresPushStates(sql: Sql): PushStates {
  return {
    list: (query) => listPushes(sql, query),
    detail: (key) => readDetail(sql, key),
    counts: (key) => count(sql, key),
    deadLetters: (query) => postgresDeadLetters(sql, query),
  };
}

type DetailRow = PushItem & { config: number; instance: number; enc: Encoding; payload: string | null };

async function readDetail(
  sql: Sql,
  { instanceNo, bizType, owner, id, now }: Parameters<PushStates["detail"]>[0],
): Promise<PushDetail | undefined> {
  const [row] = await sql<DetailRow[]>`
    select ${pushColumns(sql)}, ${stateOf(sql, now)} as state, o.config, o.instance, o.enc, o.payload
    from config c join op o on o.instance = c.instance and o.config = c.no
    left join arrival a on a.instance = o.instance and a.owner = o.owner and a.config = o.config and a.id = o.id
    where c.instance = ${instanceNo} and c.biz_type = ${bizType} and c.deleted_at is null and o.owner = ${owner}
      and o.id = ${id} and o.at > ${now - PUSH_HISTORY_MS}`;
  if (row === undefined) return undefined;
  const { config, instance, enc, payload, ...item } = row;
  const deliveries = await readDeliveries(sql, { config, instance, owner, id });
  return { ...item, payload: textOf(enc, payload), binary: enc === "b", deliveries };
}

/** At most 200, those that went wrong first: a global push has one for every device that it waits for. */
async function readDeliveries(
  sql: Sql,
  { config, instance, owner, id }: { config: number; instance: number; owner: string; id: number },
): Promise<PushDelivery[]> {
  // Ids are unique per stream: those of one owner are found by the owner, those of a global push by the id.
  const these = owner === ""
    ? sql`x.config = ${config} and x.id = ${id}`
    : sql`x.instance = ${instance} and x.subject = ${owner} and x.config = ${config} and x.id = ${id}`;
  const rows = await sql<PushDelivery[]>`
    select x.subject, case when x.device <> '' then x.device when c.target = 'device' then x.subject end as "deviceId",
      x.state, x.attempts, x.at
    from (
      (select x.subject, x.device, case x.reason when 'retries' then 'discarded' else 'threshold' end as state,
        x.attempts, x.at, 1 as rank from dead_letter x where ${these} limit 200)
      union all
      (select x.subject, x.device, 'sent', x.attempts, x.at, 2 from delivery x where ${these} limit 200)
      union all
      (select x.subject, x.device, 'owed', 0, null, 3 from owed x where ${these} limit 200)
    ) x join config c on c.no = ${config}
    order by x.rank, x.subject, x.device limit 200`;
  return [...rows];
}

async function count(
  sql: Sql,
  { instanceNo, target, owner, now }: Parameters<PushStates["counts"]>[0],
): Promise<{ pushes: number; arrivals: number }> {
  const [row] = await sql<{ pushes: number; arrivals: number }[]>`
    select count(*)::int as pushes, count(a.id)::int as arrivals
    from op o join config c on c.no = o.config and c.deleted_at is null and c.target = ${target}
    left join arrival a on a.instance = o.instance and a.owner = o.owner and a.config = o.config and a.id = o.id
    where o.instance = ${instanceNo} and o.owner = ${owner} and o.owner <> '' and o.at > ${now - PUSH_HISTORY_MS}`;
  return row ?? { pushes: 0, arrivals: 0 };
}
