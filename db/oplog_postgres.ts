import type { Appended, NewOp, Oplog } from "./oplog.ts";
import type { Sql } from "./sql.ts";
import { storedForm } from "./payload.ts";

/** The log in Postgres: one call of `append_ops` (db/migrations/003_append.sql), one round trip, one commit. */
export function postgresOplog(sql: Sql): Oplog {
  return {
    async append(ops) {
      if (allDiffer(ops.map((op) => op.mid))) return await callAppend(sql, ops);
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

const allDiffer = (values: readonly string[]) => new Set(values).size === values.length;

const isExpired = (op: NewOp) => op.validUntil <= op.at;

async function callAppend(sql: Sql, ops: readonly NewOp[]): Promise<Appended[]> {
  const owners = ops.map((op) => op.owner);
  const streams = allDiffer(owners) ? owners : ops.map((op) => `${op.config}\n${op.owner}`);
  const ranks = ranksOf(streams);
  const forms = ops.map((op) => storedForm(op.payload, op.binary));
  const [row] = await sql<{ results: string }[]>`
    select append_ops(${numbers(ops.map((op) => op.config))}::int[], ${texts(owners)}::text[],
      ${numbers(ranks)}::int[], ${texts(ops.map((op) => op.mid))}::text[], ${numbers(ops.map((op) => op.at))}::bigint[],
      ${numbers(ops.map((op) => op.validUntil))}::bigint[],
      ${sparse(ops.map((op) => op.early ? "t" : null))}::boolean[], ${texts(forms.map((form) => form.enc))}::text[],
      ${texts(forms.map((form) => form.payload))}::text[], ${sparse(ops.map((op) => op.os))}::text[],
      ${sparse(ops.map((op) => op.minVersion))}::text[],
      ${sparse(ops.map((op) => op.maxVersion))}::text[]) as results`;
  const results: (number | Exclude<Appended["outcome"], "stored">)[] = JSON.parse(`[${row!.results}]`);
  const last = new Map<string, number>();
  return results.map((result, n) => {
    if (typeof result !== "number") return { outcome: result };
    const prev = last.get(streams[n]!) ?? result - ranks[n]!;
    last.set(streams[n]!, result);
    return { outcome: "stored", id: result, prev };
  });
}

/** The how-manieth of its stream each op is, from 1. */
function ranksOf(streams: readonly string[]): number[] {
  const counts = new Map<string, number>();
  return streams.map((stream) => {
    const rank = (counts.get(stream) ?? 0) + 1;
    counts.set(stream, rank);
    return rank;
  });
}

/** A column that is mostly empty costs nothing when it is. */
function sparse(column: (string | null)[]): string | null {
  return column.some((value) => value !== null) ? texts(column) : null;
}

// Arrays in the database's own text form: the driver would look at each element many times over.

const numbers = (column: number[]): string => `{${column.join()}}`;

const texts = (column: (string | null)[]): string =>
  `{${column.map((value) => value === null ? "null" : `"${escaped(value)}"`).join()}}`;

const escaped = (value: string): string => SPECIAL.test(value) ? value.replace(/["\\]/g, "\\$&") : value;
const SPECIAL = /["\\]/;
