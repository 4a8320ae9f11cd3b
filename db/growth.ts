import type { Sql } from "./sql.ts";

const GROWING = ["op", "arrival", "delivery", "sync_point", "owed", "dead_letter", "session", "stat_delta"];

/**
 * Analyzes tables that have grown fourfold since this process last looked: prepared plans that were made for a nearly
 * empty table are made anew then, long before autovacuum would come by. `seen` holds the sizes and is updated.
 *
 * @throws the first error, after the other tables were analyzed. What failed is left to autovacuum until it has grown again:
 *   where analyzing takes longer than a statement may, it would fail every time.
 */
export async function analyzeGrown(sql: Sql, seen: Map<string, number>): Promise<void> {
  const sizes = await sql<{ name: string; size: number }[]>`
    select name, pg_relation_size(name::regclass) as size from unnest(${GROWING}::text[]) t(name)`;
  const errors: unknown[] = [];
  for (const { name, size } of sizes) {
    if (size < 256 * 1024 || size < 4 * (seen.get(name) ?? 0)) continue;
    // Who vacuums holds the lock, for hours maybe. Autovacuum, which would make way, analyzes by itself.
    await sql`analyze (skip_locked) ${sql(name)}`.catch((error) => errors.push(error));
    seen.set(name, size);
  }
  if (errors.length > 0) throw errors[0];
}
