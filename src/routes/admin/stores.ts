import { postgresCatalog } from "../../../db/catalog_postgres.ts";
import { postgresOperators } from "../../../db/operators_postgres.ts";
import { postgresPushStates } from "../../../db/push_states_postgres.ts";
import { postgresRecords } from "../../../db/records_postgres.ts";
import { postgresSessionRows } from "../../../db/session_rows_postgres.ts";
import { CLEAR, type SecretBox } from "../../../db/secret_box.ts";
import type { Sql } from "../../../db/sql.ts";
import { postgresStats } from "../../../db/stats_postgres.ts";
import type { AdminStores } from "./deps.ts";

/** The stores behind the admin API, in Postgres. */
export function postgresAdminStores(sql: Sql, secrets: SecretBox = CLEAR): AdminStores {
  return {
    store: postgresCatalog(sql, { secrets }),
    records: postgresRecords(sql),
    operators: postgresOperators(sql),
    pushStates: postgresPushStates(sql),
    sessionRows: postgresSessionRows(sql),
    stats: postgresStats(sql),
  };
}
