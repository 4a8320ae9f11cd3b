import type { Appended, NewOp, Oplog } from "./oplog.ts";
import type { Sql } from "./sql.ts";
import { storedForm } from "./payload.ts";

/** The log in Postgres: one call of `append_ops` (db/migrations/003_append.sql), one round trip, one commit. */
export function postgresOplog(sql: Sql): Oplog {
  return {
    async append(ops) {
      const { unique, places } = byKey(ops);
      const results = await callAppend(sql, unique);
      return ops.map((op, n) => {
        const decided = unique[places[n]!]!, result = results[places[n]!]!;
        if (op === decided || result.outcome !== "stored") return result;
        return { outcome: isExpired(op) && n < ops.indexOf(decided) ? "expired" : "duplicate" };
      });
    },
  };
}

/**
 * Of simultaneous calls with one key the first that may be stored decides; the others are its duplicates (PUSH-4), or
 * had expired before it came (PUSH-6). `places[n]` says where in `unique` the key of `ops[n]` stands.
 */
function byKey(ops: readonly NewOp[]): { unique: NewOp[]; places: number[] } {
  const known = new Map<string, number>();
  const unique: NewOp[] = [];
  const places = ops.map((op) => {
    const key = `${op.config}\n${op.owner}\n${op.mid}`;
    const place = known.get(key);
    if (place === undefined) {
      known.set(key, unique.length);
      return unique.push(op) - 1;
    }
    if (isExpired(unique[place]!) && !isExpired(op)) unique[place] = op;
    return place;
  });
  return { unique, places };
}

const isExpired = (op: NewOp) => op.validUntil <= op.at;

async function callAppend(sql: Sql, ops: readonly NewOp[]): Promise<Appended[]> {
  const config: number[] = [], at: number[] = [], until: number[] = [], early: number[] = [];
  const owner: string[] = [], mid: string[] = [], enc: string[] = [], payload: string[] = [];
  const os: (string | null)[] = [], min: (string | null)[] = [], max: (string | null)[] = [];
  for (const op of ops) {
    const stored = storedForm(op.payload, op.binary);
    config.push(op.config);
    owner.push(op.owner);
    mid.push(op.mid);
    at.push(op.at);
    until.push(op.validUntil);
    early.push(Number(op.early));
    enc.push(stored.enc);
    payload.push(stored.payload);
    os.push(op.os);
    min.push(op.minVersion);
    max.push(op.maxVersion);
  }
  // one text instead of a row each: reading rows costs more than all else here
  const [row] = await sql<{ results: string }[]>`
    select string_agg(case outcome when 'stored' then id::text else '"' || outcome || '"' end, ',' order by n) as results
    from append_ops(${config}::int[], ${owner}::text[], ${mid}::text[], ${at}::bigint[], ${until}::bigint[],
      ${early}::int[]::boolean[], ${enc}::text[], ${payload}::text[], ${os}::text[], ${min}::text[], ${max}::text[])`;
  const results: (number | Exclude<Appended["outcome"], "stored">)[] = JSON.parse(`[${row!.results}]`);
  return results.map((result) =>
    typeof result === "number" ? { outcome: "stored", id: result, prev: result - 1 } : { outcome: result }
  );
}
