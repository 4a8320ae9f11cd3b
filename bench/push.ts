/**
 * Durable pushes a second: REST to committed answer with 1, 16, 64 and 256 callers, beside its floors in the same run:
 * bare HTTP of the same answers, the bare path (POST, JSON, group commit of a plain insert, answer), and the same rows
 * inserted straight into the same Postgres in batches of 100.
 *
 *     deno task bench:push [seconds per line]
 */
import { openSql } from "../db/sql.ts";
import { withServer } from "./support/bare_server.ts";
import { measure } from "./support/caller.ts";
import { generate, type LoadResult } from "./support/load.ts";
import { measurePush, type PushResult } from "./support/measure_push.ts";
import { startProduct } from "./support/product.ts";

const seconds = Number(Deno.args[0] ?? 5);
const USERS = 100_000;
const path = "/webapi/sync/single?instanceId=default_demo";
const run = crypto.randomUUID().slice(0, 8);

await using product = await startProduct();
const report = (name: string, { perSecond, p50, p99 }: { perSecond: number; p50: number; p99: number }) =>
  console.log(
    `${name.padEnd(46)} ${Math.round(perSecond).toString().padStart(8)}/s   p50 ${p50.toFixed(2)} ms   p99 ${
      p99.toFixed(2)
    } ms`,
  );

const bareHttp = await floorHttp();
report("bare HTTP, 64 callers", bareHttp);
let base = 0;
await push(64, 2); // warm
const results = new Map<number, number>();
for (const callers of [1, 16, 64, 256]) {
  const result = await push(callers, seconds);
  results.set(callers, result.perSecond);
  report(`push to committed answer, ${callers} callers`, result);
  console.log(`  CPU for one push: ${result.micros}`);
}
const barePath = await floorPath();
report("bare path, 64 callers", barePath);
const bare = await floorInsert();
report("bare insert, batches of 100 (rows)", bare);
const share = (floor: { perSecond: number }) => (results.get(64)! / floor.perSecond).toFixed(2);
console.log(
  `\n64 callers: ${share(bare)} of straight batched inserts, ${share(bareHttp)} of bare HTTP, ${
    share(barePath)
  } of the bare path`,
);

function load(callers: number, first: number) {
  return { callers, first, users: USERS, run };
}

async function push(callers: number, time: number): Promise<PushResult> {
  base += 10_000_000;
  return await measurePush(product, { ...load(callers, base), path, seconds: time });
}

/** The least that an HTTP server does with such a push: it reads it and answers. */
function floorHttp(): Promise<LoadResult> {
  const program = (port: number) =>
    `Deno.serve({ hostname: "127.0.0.1", port: ${port}, onListen() {} }, async (r) => {
    await r.json(); return Response.json({ success: true, msg: "NOT_ONLINE" }); })`;
  const measured = ({ port }: { port: number }) => generate({ ...load(64, 0), port, path: "/", seconds });
  return withServer((port) => ["eval", program(port)], measured);
}

/** The least that makes a push durable: bench/support/bare_path.ts, after its tables have grown to what they are here. */
function floorPath(): Promise<LoadResult> {
  const program = new URL("support/bare_path.ts", import.meta.url).pathname;
  const argsOf = (port: number) => ["run", "-A", "--no-check", program, String(port), product.databaseUrl];
  return withServer(argsOf, async ({ port }) => {
    await generate({ ...load(64, 0), port, path: "/", seconds: 3 });
    const sql = openSql(product.databaseUrl, { max: 1 });
    await sql`analyze bare_path`;
    await sql.end();
    return await generate({ ...load(64, 10_000_000), port, path: "/", seconds });
  });
}

/** The same rows, with the same indexes, straight into the log's table, two connections at once. */
async function floorInsert() {
  const sql = openSql(product.databaseUrl, { max: 2 });
  const at = Date.now();
  const batch = async (n: number) => {
    const rows = Array.from({ length: 100 }, (_, index) => 500_000_000 + n * 100 + index);
    await sql`insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload)
      select 1, o, 1, i, m, ${at}, ${at + 2_592_000_000}, false, 't', p from unnest(
        ${rows.map((i) => `user-${i * 7919 % USERS}`)}::text[], ${rows}::bigint[], ${
      rows.map((i) => `${run}-bare-${i}`)
    }::text[],
        ${rows.map((i) => `hello from ${i}, a message of usual size`)}::text[]) x(o, i, m, p)`;
  };
  const result = await measure([batch, batch], seconds);
  await sql.end();
  return { ...result, perSecond: result.perSecond * 100 };
}
