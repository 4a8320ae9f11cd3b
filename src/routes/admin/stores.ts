import { postgresCatalog } from "../../../db/catalog_postgres.ts";
import { postgresOperators } from "../../../db/operators_postgres.ts";
import { postgresPushStates } from "../../../db/push_states_postgres.ts";
import { postgresRecords } from "../../../db/records_postgres.ts";
import { postgresSessionRows } from "../../../db/session_rows_postgres.ts";
import { CLEAR, type SecretBox } from "../../../db/secret_box.ts";
import type { Sql } from "../../../db/sql.ts";
import { postgresStats } from "../../../db/stats_postgres.ts";
import type { AdminStores } from "./deps.ts";

/**
 * The stores behind the admin API, in Postgres. Changes and logins go by `sql`, what lists and counts by `lists`, deletions
 * of configs included: an emergency stop must not wait for them (CFG-4).
 */
export function postgresAdminStores(sql: Sql, options: { lists?: Sql; secrets?: SecretBox } = {}): AdminStores {
  const { lists = sql, secrets = CLEAR } = options;
  return {
    store: { ...postgresCatalog(sql, { secrets }), deleteConfig: postgresCatalog(lists, { secrets }).deleteConfig },
    records: { ...postgresRecords(sql), list: postgresRecords(lists).list },
    operators: postgresOperators(sql),
    pushStates: postgresPushStates(lists),
    sessionRows: postgresSessionRows(lists),
    stats: postgresStats(lists),
  };
}
