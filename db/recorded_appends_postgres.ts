import { QueueFullError } from "./append_queue.ts";
import type { Appended, NewOp } from "./oplog.ts";
import { postgresOplog } from "./oplog_postgres.ts";
import type { RecordedAppends } from "./recorded_appends.ts";
import type { Actor, NewRecord } from "./records.ts";
import { writeRecord } from "./records_postgres.ts";
import type { Sql } from "./sql.ts";

/** Deadlock, serialization, lock not available: the same transaction may well succeed. */
const TRANSIENT = new Set(["40P01", "40001", "55P03"]);

/**
 * Operators' pushes in Postgres: `append_ops` with its locks, and the record under them, in one transaction.
 *
 * @param sql connections for this alone: `append_ops` sets how its session plans, which the console's lists must not feel
 * @param limit operators' pushes waiting at most
 */
export function postgresRecordedAppends(sql: Sql, limit = 100): RecordedAppends {
  let waiting = 0;
  return {
    async append(op, actor, record) {
      if (waiting >= limit) throw new QueueFullError();
      waiting++;
      try {
        return await appendRecorded(sql, op, actor, record);
      } finally {
        waiting--;
      }
    },
  };
}

async function appendRecorded(sql: Sql, op: NewOp, actor: Actor, record: NewRecord, retries = 3): Promise<Appended> {
  try {
    return await sql.begin(async (tx) => {
      const [result] = await postgresOplog(tx as unknown as Sql).append([op]);
      if (result!.outcome === "stored") await writeRecord(tx, actor, record);
      return result!;
    });
  } catch (error) {
    if (retries === 0 || !TRANSIENT.has(String((error as { code?: unknown }).code))) throw error;
    return appendRecorded(sql, op, actor, record, retries - 1);
  }
}
