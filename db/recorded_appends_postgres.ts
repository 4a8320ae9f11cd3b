import { QueueFullError } from "./append_queue.ts";
import { isTransient } from "./error_codes.ts";
import type { Appended, NewOp } from "./oplog.ts";
import { postgresOplog } from "./oplog_postgres.ts";
import type { RecordedAppends } from "./recorded_appends.ts";
import type { Actor, NewRecord } from "./records.ts";
import { writeRecord } from "./records_postgres.ts";
import type { Sql } from "./sql.ts";

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
    if (retries === 0 || !isTransient(error)) throw error;
    return appendRecorded(sql, op, actor, record, retries - 1);
  }
}
