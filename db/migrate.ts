import type { Sql } from "postgres";
import { StartError } from "./embedded/start_error.ts";
import { openSql } from "./sql.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
const LOCK = 725;

/**
 * Applies the numbered SQL files of `db/migrations` that this database has not seen, in order, each in a transaction
 * of its own. Forward only. An advisory lock makes it safe for two servers to start at once: one waits for the other.
 *
 * @throws {StartError} when the database cannot hold every text.
 * @throws {Error} when a file fails; nothing of that file is kept.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const sql = openSql(databaseUrl, { max: 1, patient: true });
  try {
    await checkEncoding(sql);
    await sql`select pg_advisory_lock(${LOCK})`;
    await sql`create table if not exists migration (name text primary key, applied_at timestamptz default now())`;
    const done = new Set((await sql<{ name: string }[]>`select name from migration`).map((row) => row.name));
    for (const name of migrationNames()) {
      if (!done.has(name)) await apply(sql, name);
    }
  } finally {
    await sql.end();
  }
}

/** PUSH-7: in another encoding pushes would be refused for what they say. SQL_ASCII keeps bytes as they are. */
async function checkEncoding(sql: Sql): Promise<void> {
  const [row] = await sql<{ name: string; encoding: string }[]>`
    select current_database() as name, current_setting('server_encoding') as encoding`;
  const { name, encoding } = row!;
  if (encoding === "UTF8" || encoding === "SQL_ASCII") return;
  throw new StartError(`Cannot use the database ${name}: its encoding is ${encoding}; make one with encoding UTF8.`);
}

function migrationNames(): string[] {
  return [...Deno.readDirSync(FOLDER)].map((entry) => entry.name).filter((name) => name.endsWith(".sql")).sort();
}

async function apply(sql: Sql, name: string): Promise<void> {
  const text = await Deno.readTextFile(new URL(name, FOLDER));
  try {
    await sql.begin(async (tx) => {
      await tx.unsafe(text);
      await tx`insert into migration (name) values (${name})`;
    });
  } catch (error) {
    throw new Error(`Cannot apply migration ${name}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
