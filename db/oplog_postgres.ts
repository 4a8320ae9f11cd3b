import type { Appended, NewOp, Oplog } from "./oplog.ts";
import type { Sql } from "./sql.ts";
import { storedForm } from "./payload.ts";

type Row = { n: number; outcome: Appended["outcome"]; id: number; prev: number };

/** The log in Postgres: one call of `append_ops` (db/migrations/003_append.sql), one round trip, one commit. */
export function postgresOplog(sql: Sql): Oplog {
  return {
    async append(ops) {
      // of simultaneous calls with one key the first decides; the others are its duplicates (PUSH-4)
      const firsts = new Map<string, number>();
      const unique: NewOp[] = [];
      const places = ops.map((op) => {
        const key = `${op.config}\n${op.owner}\n${op.mid}`;
        const first = firsts.get(key);
        if (first !== undefined) return { index: first, copy: true };
        firsts.set(key, unique.length);
        return { index: unique.push(op) - 1, copy: false };
      });
      const results = new Array<Appended>(unique.length);
      for (const { n, outcome, id, prev } of await callAppend(sql, unique)) {
        results[n - 1] = outcome === "stored" ? { outcome, id, prev } : { outcome };
      }
      return places.map(({ index, copy }) => {
        const result = results[index]!;
        return copy && result.outcome === "stored" ? { outcome: "duplicate" } : result;
      });
    },
  };
}

function callAppend(sql: Sql, ops: readonly NewOp[]): Promise<Row[]> {
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
  return sql<Row[]>`select * from append_ops(${config}::int[], ${owner}::text[], ${mid}::text[], ${at}::bigint[],
    ${until}::bigint[], ${early}::int[]::boolean[], ${enc}::text[], ${payload}::text[], ${os}::text[], ${min}::text[],
    ${max}::text[])`;
}
