import type { TransactionSql } from "postgres";
import type { Actor, NewRecord, OperatorRecord, RecordedObject, RecordQuery, Records } from "./records.ts";
import type { Sql } from "./sql.ts";

/** Operator records in Postgres; a trigger refuses every change of them (db/migrations/004_operators.sql). */
export function postgresRecords(sql: Sql): Records {
  return {
    write: (actor, record) => writeRecord(sql, actor, record),
    list: (query) => listRecords(sql, query),
  };
}

/** Writes one record as part of the transaction that does what it records (REC-1). */
export async function writeRecord(sql: Sql | TransactionSql, actor: Actor, record: NewRecord): Promise<void> {
  await sql`insert into record (at, operator, action, instance, object, before, after)
    values (${actor.at}, ${actor.operator}, ${record.action}, ${record.instanceNo ?? 0}, ${storable(record.object)},
      ${text(record.before)}::text::json, ${text(record.after)}::text::json)`;
}

/** As text: the driver would send it as jsonb, which cannot hold a NUL. */
function text(object: RecordedObject | null): string | null {
  return object === null ? null : JSON.stringify(shallow(object, LEVELS));
}

/** Deeper nothing is recorded: Postgres reads JSON by recursion, and a body may be nested as deep as it is long. */
const LEVELS = 20;

function shallow(value: unknown, levels: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return "…";
  if (Array.isArray(value)) return value.map((item) => shallow(item, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shallow(item, levels - 1)]));
}

/** The object's name may come from a push body that is refused later: Postgres text holds no NUL. */
function storable(name: string): string {
  return name.replaceAll("\0", "\u2400").toWellFormed();
}

async function listRecords(sql: Sql, query: RecordQuery): Promise<OperatorRecord[]> {
  const { instanceNo, operator, action, from, to, after, limit } = query;
  const rows = await sql<OperatorRecord[]>`
    select id, at, operator, action, object, before, after from record
    where instance = ${instanceNo ?? 0}
      ${operator === undefined ? sql`` : sql`and lower(operator) = lower(${operator})`}
      ${action === undefined ? sql`` : sql`and action = ${action}`}
      ${from === undefined ? sql`` : sql`and at >= ${from}`}
      ${to === undefined ? sql`` : sql`and at < ${to}`}
      ${after === undefined ? sql`` : sql`and (at, id) < (${after.at}::bigint, ${after.id}::bigint)`}
    order by at desc, id desc limit ${limit}`;
  return [...rows];
}
