/**
 * Pushes at 64 callers with 10,000,000 stored ops beside none, in the same run: two servers, each with a Postgres of its
 * own, measured in turns; and what both remember. Filling takes some minutes and 5 GB; a folder given is kept, and
 * what is stored in it is used again. The embedded Postgres has a cache of 256 MB unless said otherwise.
 *
 *     deno task bench:stored [seconds per turn] [stored ops] [cache of Postgres, MB] [folder to keep]
 */
import { openSql } from "../db/sql.ts";
import { Caller } from "./support/caller.ts";
import { treeMemory } from "./support/cpu.ts";
import { fill, filledMid } from "./support/fill.ts";
import { measurePush, type PushResult } from "./support/measure_push.ts";
import { type Product, startProduct } from "./support/product.ts";
import { residentBytes } from "./support/thin_client.ts";

const seconds = Number(Deno.args[0] ?? 5),
  OPS = Number(Deno.args[1] ?? 10_000_000),
  cacheMb = Number(Deno.args[2] ?? 256),
  keep = Deno.args[3];
const USERS = 100_000, TURNS = 4;
const path = "/webapi/sync/single?instanceId=default_demo";
const run = crypto.randomUUID().slice(0, 8);
let next = 0;

await using empty = await startProduct({}, { cacheMb });
await warm("empty", empty);

await using full = await startProduct({}, { cacheMb, keep });
const began = performance.now();
await fill(full.databaseUrl, OPS, USERS);
const known = await countStored();
console.log(`${known} ops stored, ready after ${((performance.now() - began) / 1000).toFixed(0)} s`);
await checkFill();
await warm("full", full);

const results = { empty: [] as PushResult[], full: [] as PushResult[] };
const before = { empty: memoryOf(empty), full: memoryOf(full) };
for (let turn = 0; turn < TURNS; turn++) {
  for (const [name, product] of Object.entries({ empty, full }) as ["empty" | "full", Product][]) {
    const result = await push(product, seconds);
    results[name].push(result);
    report(name, result);
  }
}
for (const [name, product] of Object.entries({ empty, full }) as ["empty" | "full", Product][]) {
  const now = memoryOf(product), then = before[name];
  console.log(
    `memory, ${name.padEnd(6)} server ${mb(then.server)} → ${mb(now.server)}, Postgres ${mb(then.postgres)} → ${
      mb(now.postgres)
    }`,
  );
}
console.log(
  `\n${(median(results.full) / median(results.empty)).toFixed(2)} of the empty throughput (medians of ${TURNS} turns)`,
);

/**
 * A push to each user. After a checkpoint the first change of each page is logged with the whole page, and each user's
 * pages are others when a lot is stored: this time is told on its own, it comes back with each checkpoint.
 */
async function warm(name: string, product: Product): Promise<void> {
  for (let made = 0; made < USERS;) {
    const result = await push(product, seconds);
    report(`${name}, first for each user`, result);
    made += result.count;
  }
}

async function push(product: Product, time: number): Promise<PushResult> {
  const result = await measurePush(product, { path, callers: 64, seconds: time, first: next, users: USERS, run });
  next += result.count;
  return result;
}

async function countStored(): Promise<number> {
  const sql = openSql(full.databaseUrl, { max: 1 });
  const [row] = await sql<{ n: number }[]>`select reltuples::bigint as n from pg_class where oid = 'op'::regclass`;
  await sql.end();
  return row!.n;
}

/** The server takes what was filled for pushes of its own. */
async function checkFill(): Promise<void> {
  using caller = await Caller.open(full.port, path);
  for (const user of [0, USERS - 1]) {
    const mid = filledMid(Math.floor(OPS / USERS));
    const answer = await caller.post(
      `{"bizType":"UCHAT","linkToken":"user-${user}","thirdMsgId":"${mid}","payload":"x"}`,
    );
    if (!answer.includes("DUPLICATED_BIZ_ID")) throw new Error(`Cannot measure: a filled op is not known: ${answer}`);
  }
}

/** Bytes that belong to the processes alone. */
function memoryOf({ pid, postgresPid }: Product) {
  return { server: residentBytes(pid), postgres: treeMemory(postgresPid) };
}

function report(name: string, { perSecond, p50, p99, micros }: PushResult): void {
  console.log(
    `${name.padEnd(27)} ${Math.round(perSecond).toString().padStart(7)}/s   p50 ${p50.toFixed(2)} ms   p99 ${
      p99.toFixed(2)
    } ms   CPU for one push: ${micros}`,
  );
}

function median(of: PushResult[]): number {
  const sorted = of.map(({ perSecond }) => perSecond).sort((a, b) => a - b);
  return (sorted[sorted.length >> 1]! + sorted[sorted.length - 1 >> 1]!) / 2;
}

function mb(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MB`;
}
