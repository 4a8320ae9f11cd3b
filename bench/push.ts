/**
 * Durable pushes a second: REST to committed answer with 1, 16, 64 and 256 callers, beside its floors in the same run:
 * bare HTTP of the same answers, and the same rows inserted straight into the same Postgres in batches of 100.
 *
 *     deno task bench:push [seconds per line]
 */
import { openSql } from "../db/sql.ts";
import { measure } from "./support/caller.ts";
import { generate } from "./support/load.ts";
import { measurePush, type PushResult } from "./support/measure_push.ts";
import { freePort, startProduct } from "./support/product.ts";

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
const bare = await floorInsert();
report("bare insert, batches of 100 (rows)", bare);
const best = results.get(64)!;
console.log(
  `\n64 callers: ${(best / bare.perSecond).toFixed(2)} of straight batched inserts, ${
    (best / bareHttp.perSecond).toFixed(2)
  } of bare HTTP`,
);

async function push(callers: number, time: number): Promise<PushResult> {
  const first = base;
  base += 10_000_000;
  return await measurePush(product, { path, callers, seconds: time, first, users: USERS, run });
}

async function floorHttp() {
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `Deno.serve({ hostname: "127.0.0.1", port: ${port}, onListen() {} }, async (r) => {
      await r.json(); return Response.json({ success: true, msg: "NOT_ONLINE" }); })`,
    ],
  }).spawn();
  try {
    for (;;) {
      if (await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: "{}" }).then((r) => r.text(), () => null)) {
        break;
      }
    }
    return await generate({ port, path: "/", callers: 64, seconds, first: 0, users: USERS, run });
  } finally {
    child.kill();
    await child.status;
  }
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
