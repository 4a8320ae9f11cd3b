import type { NonceStore, NonceUse } from "./nonces.ts";
import type { Sql } from "./sql.ts";

/** Nonces in an unlogged table: its writes wait for no disk (db/migrations/004_operators.sql). */
export function postgresNonces(sql: Sql): NonceStore {
  return {
    use: (uses) => use(sql, uses),
    async forget(before) {
      await sql`delete from nonce where at < ${before}`;
    },
  };
}

async function use(sql: Sql, uses: readonly NonceUse[]): Promise<boolean[]> {
  // Sorted: two processes that use the same nonces at once must not wait for each other in a ring.
  const rows = await sql<Omit<NonceUse, "at">[]>`
    insert into nonce (instance, kind, nonce, at)
    select i, k, n, min(a) from unnest(${uses.map((u) => u.instance)}::int[], ${uses.map((u) => u.kind)}::text[],
      ${uses.map((u) => u.nonce)}::text[], ${uses.map((u) => u.at)}::bigint[]) x(i, k, n, a)
    group by i, k, n order by i, k, n collate "C"
    on conflict do nothing returning instance, kind, nonce`;
  const fresh = new Set(rows.map(keyOf));
  return uses.map((each) => fresh.delete(keyOf(each)));
}

function keyOf({ instance, kind, nonce }: Omit<NonceUse, "at">): string {
  return `${instance}\n${kind}\n${nonce}`;
}
