import type { PendingQuery, Row } from "postgres";
import type { Sql } from "./sql.ts";

type Fragment = PendingQuery<Row[]>;

/** Accepted in [from, to), ms. */
export type Window = { from: number; to: number };

/** A window may hold so many times what is wanted before a narrower one is looked for. */
const SURPLUS = 4;
const FIRST_MS = 1000;
const TRIES = 40;

/**
 * The newest stretch of time before `until` that holds at least `wanted` pushes (`among`: which ones, by config) and not many more; all
 * from `since` on where there are fewer. The log has an index by config and time, none by time alone: reading the newest
 * pushes of a thousand configs needs to know how far back they reach.
 */
export async function findWindow(
  sql: Sql,
  { among, since, until, wanted }: { among: Fragment; since: number; until: number; wanted: number },
): Promise<Window> {
  const span = until - since;
  let tooNarrow = 0;
  let tooWide: number | undefined;
  let width = Math.min(FIRST_MS, span);
  for (let tries = 0; tries < TRIES; tries++) {
    const n = await countUpTo(sql, { among, from: until - width, to: until, most: wanted * SURPLUS });
    const enough = n >= wanted || width === span;
    if (enough && (n < wanted * SURPLUS || width - tooNarrow <= 1)) break;
    if (enough) tooWide = width;
    else tooNarrow = width;
    const guess = enough ? 0 : Math.ceil(width * Math.min(16, n === 0 ? 16 : 1.5 * wanted / n));
    width = tooWide === undefined ? Math.min(guess, span) : Math.ceil((tooNarrow + tooWide) / 2);
  }
  return { from: until - width, to: until };
}

async function countUpTo(
  sql: Sql,
  { among, from, to, most }: { among: Fragment; from: number; to: number; most: number },
): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from (select from op o where ${among} and o.at >= ${from}
      and o.at < ${to} limit ${most}) o`;
  return row?.n ?? 0;
}
