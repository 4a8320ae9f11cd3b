/**
 * A global push to very many connected users: what publishing costs beside a push for one, and how long it takes until
 * all of them have it after they came to the foreground, with what the database was asked meanwhile; beside its floor in
 * the same run: a bare WebSocket server that answers the same frame with the same bytes.
 *
 *     deno task bench:global [users]
 */
import { openSql, type Sql } from "../db/sql.ts";
import { withSocketServer } from "./support/bare_server.ts";
import { Caller } from "./support/caller.ts";
import { quantile } from "./support/load.ts";
import { startProduct } from "./support/product.ts";
import { helloOf, ThinClient } from "./support/thin_client.ts";

const users = Number(Deno.args[0] ?? 18_000);
const AT_ONCE = 256, ROUNDS = 3, PUSHES = 50;
const PAYLOAD = "settings of usual size";
const FOREGROUND = '{"type":"foreground"}';

const hello = (n: number) => helloOf(n, { foreground: false });

const floor = await bareSockets();
report("bare socket, the same frames", floor);
const caught = await product();
report("foreground catch-up", caught);
console.log(`\n${(Math.max(...caught) / Math.max(...floor)).toFixed(2)} of the bare socket's`);

async function product(): Promise<number[]> {
  await using server = await startProduct({ HOST: "0.0.0.0", HEARTBEAT_MS: "600000" });
  const sql = openSql(server.databaseUrl, { max: 1 });
  const clients = await connect(server.port, "/sync", hello);
  using single = await Caller.open(server.port, "/webapi/sync/single?instanceId=default_demo");
  using global = await Caller.open(server.port, "/webapi/sync/global?instanceId=default_demo");
  const one = await medianMs((n) => push(single, n, `"bizType":"UCHAT","linkToken":"nobody"`));
  const all = await medianMs((n) => push(global, n, `"bizType":"GLOBAL-SDK-CONFIG"`));
  console.log(`push for one user: p50 ${one.toFixed(2)} ms; for all ${users}: p50 ${all.toFixed(2)} ms`);
  // what those rounds published is not what is measured
  await foregroundAll(clients);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await push(global, -1 - round, `"bizType":"GLOBAL-SDK-CONFIG"`);
    await settled(sql);
    const before = await looks(sql);
    rates.push(await foregroundAll(clients));
    console.log(`round ${round + 1}: ${await looks(sql) - before} looks into the log by ${users} users`);
  }
  for (const client of clients) client[Symbol.dispose]();
  await sql.end();
  return rates;
}

async function push(caller: Caller, n: number, fields: string): Promise<void> {
  const answer = await caller.post(`{${fields},"thirdMsgId":"m${n}","payload":"${PAYLOAD}"}`);
  if (!answer.includes("true")) throw new Error(`Cannot count this answer: ${answer}`);
}

async function medianMs(once: (n: number) => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < PUSHES; n++) {
    const start = performance.now();
    await once(n);
    times.push(performance.now() - start);
  }
  return quantile(times, 0.5);
}

/** How often the log was looked into, by index or in full, by anybody, the server's own poll every 2 s included. */
async function looks(sql: Sql): Promise<number> {
  await sql`select pg_stat_clear_snapshot()`;
  const [row] = await sql<{ n: number }[]>`
    select (coalesce(idx_scan, 0) + seq_scan)::int as n from pg_stat_user_tables where relname = 'op'`;
  return row!.n;
}

/** Postgres tells its counters late: waits until they stand still but for the poll. */
async function settled(sql: Sql): Promise<void> {
  for (let before = -100, now = 0; now - before > 10; [before, now] = [now, await looks(sql)]) {
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  }
}

async function connect(port: number, path: string, first: (n: number) => string): Promise<ThinClient[]> {
  const clients: ThinClient[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < users) clients.push(await ThinClient.open(port, path, first(next++)));
  }));
  return clients;
}

/** Everybody comes to the foreground, waits for what there is, and acknowledges it. @returns users a second */
async function foregroundAll(clients: readonly ThinClient[]): Promise<number> {
  const start = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < clients.length) {
      const client = clients[next++]!;
      await client.send(FOREGROUND);
      let text = "";
      while (!text.endsWith("]}]}")) text += await client.read();
      const upTo = /"to":(\d+)/.exec(text)![1];
      await client.send(`{"type":"ack","scope":"global","biz":"GLOBAL-SDK-CONFIG","id":${upTo}}`);
    }
  }));
  return clients.length / ((performance.now() - start) / 1_000);
}

function bareSockets(): Promise<number[]> {
  const op = { id: 1, mid: "m-1", at: 1_732_000_000_000, pl: PAYLOAD };
  const batch = { scope: "global", biz: "GLOBAL-SDK-CONFIG", from: 0, to: 1, ops: [op] };
  const frame = JSON.stringify(JSON.stringify({ type: "sync", batches: [batch] }));
  const onSocket = `socket.onmessage = ({ data }) => { if (data === '${FOREGROUND}') socket.send(${frame}); };`;
  return withSocketServer({ onSocket }, async ({ port }) => {
    const clients = await connect(port, "/", () => FOREGROUND);
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) rates.push(await foregroundAll(clients));
    for (const client of clients) client[Symbol.dispose]();
    return rates;
  });
}

function report(name: string, rates: readonly number[]): void {
  const each = rates.map((rate) => Math.round(rate).toLocaleString("en")).join(", ");
  console.log(`${name.padEnd(30)} ${users} users, a second in each of ${rates.length} rounds: ${each}`);
}
