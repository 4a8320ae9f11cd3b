import { migrate } from "../../db/migrate.ts";
import { openSql, type Sql } from "../../db/sql.ts";
import { startTestPostgres } from "./postgres.ts";

/** A database of one test alone, with all tables and nothing in them. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

const TEMPLATE = "syncline_template";
/** Advisory lock of whoever looks for the template, and makes it. */
const LOCK = 726;

// `deno task test` starts one Postgres for all test files. A file that is run by hand starts its own, and does it here,
// outside the tests, so that it is not taken for a leak of the first one that asks.
const server = Deno.env.get("TEST_DATABASE_URL") ?? (await startTestPostgres()).url;

/**
 * Makes a fresh database, a copy of one that was migrated once. It is dropped at the end, whoever is still connected.
 *
 * @example
 * ```ts
 * Deno.test("[PUSH-3] …", async () => {
 *   await using database = await testDatabase();
 *   const sql = openSql(database.url);
 * });
 * ```
 */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  await withServer(async (sql) => {
    await ensureTemplate(sql);
    // Copying files takes 25 ms, five times less than the default, which writes all of it to the log.
    await sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`);
  });
  return {
    url: urlOf(name),
    [Symbol.asyncDispose]: () => withServer((sql) => sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)),
  };
}

/** Test files may run in several processes at once, so the database itself says who makes the template. */
async function ensureTemplate(sql: Sql): Promise<void> {
  const exists = () => sql`SELECT FROM pg_database WHERE datname = ${TEMPLATE}`.then((rows) => rows.length > 0);
  if (await exists()) return;
  await sql`SELECT pg_advisory_lock(${LOCK})`;
  if (await exists()) return;
  const fresh = `${TEMPLATE}_new`;
  await sql.unsafe(`DROP DATABASE IF EXISTS ${fresh}`);
  await sql.unsafe(`CREATE DATABASE ${fresh}`);
  await migrate(urlOf(fresh));
  await sql.unsafe(`ALTER DATABASE ${fresh} RENAME TO ${TEMPLATE}`);
}

async function withServer(work: (sql: Sql) => Promise<unknown>): Promise<void> {
  const sql = openSql(server, { max: 1 });
  try {
    await work(sql);
  } finally {
    await sql.end(); // also gives the advisory lock back
  }
}

function urlOf(database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}
