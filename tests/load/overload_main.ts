/**
 * `deno task load:overload [times] [seconds] [queue] [delay]`: against a server of its own, with durable commits that take
 * `delay` ms longer, as on a slow disk: so the database is what limits, and there is CPU left for callers that know nothing
 * of it. With 0 server and callers fight for the CPU, and the callers' own lag is in the times.
 */
import postgres from "postgres";
import { startProduct } from "../../bench/support/product.ts";
import { overload } from "./overload.ts";

const times = Number(Deno.args[0] ?? 3);
const seconds = Number(Deno.args[1] ?? 12);
const queue = Number(Deno.args[2] ?? 2_000);
const delay = Number(Deno.args[3] ?? 50);
/** Callers that fill all commits. */
const CALLERS = 512;
/** Refusals come so soon. */
const BUDGET_MS = 200;
/** Memory may grow by so much, bytes: pushes that wait, their connections, and what they leave to be collected. */
const GROWTH = 400e6;

let good = false;
{
  await using product = await startProduct({ APPEND_QUEUE_MAX: String(queue) });
  await slowDown(product.databaseUrl);
  const address = { hostname: "127.0.0.1", port: product.port };
  const report = await overload({
    address,
    pid: product.pid,
    queue,
    times,
    seconds,
    callers: CALLERS,
    tell: console.log,
  });
  const refused = report.overload.answers.get(503);
  const checks: [string, boolean][] = [
    ["pushes are refused", refused !== undefined],
    [`99 of 100 refusals come within ${BUDGET_MS} ms`, (refused?.p99 ?? Infinity) < BUDGET_MS],
    ["every refusal says when to come back", report.overload.withoutHint === 0],
    ["no connection breaks", !report.overload.answers.has(0)],
    ["memory stays within its bound", report.memory[1] - report.memory[0] < GROWTH],
    ["it recovers at once", report.recovered < 1_000 && report.after > 0.7 * report.sustainable],
  ];
  for (const [what, fine] of checks) console.log(`${fine ? "good" : "BAD "}  ${what}`);
  good = checks.every(([, fine]) => fine);
}
/** Every commit waits for `delay` ms before it syncs. */
async function slowDown(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  await sql.unsafe(`alter system set commit_delay = ${delay * 1_000}`);
  await sql.unsafe("alter system set commit_siblings = 0");
  await sql`select pg_reload_conf()`;
  await sql.end();
}

Deno.exit(good ? 0 : 1);
