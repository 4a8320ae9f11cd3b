/**
 * `deno task soak [minutes] [clients]`: mixed traffic with churn against a server of its own, at a rate that leaves the
 * machine to others; looks every 15 s, and says at the end whether memory was flat and nothing was left over.
 */
import { delay } from "es-toolkit/promise";
import { freePort } from "../../bench/support/product.ts";
import { startEmbedded } from "../../db/embedded.ts";
import { openSql } from "../../db/sql.ts";
import { startProcess } from "../support/process.ts";
import { Fleets } from "./support/fleets.ts";
import { judge, mib, type Sample, takeSample } from "./support/soak_samples.ts";
import { Traffic } from "./support/traffic.ts";

const minutes = Number(Deno.args[0] ?? 40);
const phones = Number(Deno.args[1] ?? 500);
const EVERY_MS = 15_000;
const ADMIN_TOKEN = crypto.randomUUID();
/** How long the server may take to forget everybody: dead connections are found by their missing answers. */
const SETTLE_MS = 120_000;

const folder = await Deno.makeTempDir({ prefix: "syncline-soak-" });
await using stack = new AsyncDisposableStack();
stack.defer(() => Deno.remove(folder, { recursive: true }));
const postgres = stack.use(await startEmbedded({ dataDir: folder, log: () => {} }));
const address = { hostname: "127.0.0.1", port: freePort() };
const server = stack.use(
  await startProcess({
    DATABASE_URL: postgres.url,
    PORT: String(address.port),
    ADMIN_TOKEN,
    // retries, discards and pings happen within the soak
    ACK_TIMEOUT_MS: "2000",
    ACK_TIMEOUT_MAX_MS: "8000",
    HEARTBEAT_MS: "10000",
  }),
);
const sql = openSql(postgres.url, { max: 1 });
stack.defer(() => sql.end());

const begun = Date.now();
const look = () => takeSample(Math.round((Date.now() - begun) / 1_000), server, sql);
const tell = ({ at, rss, cpu, gauges, database, ops }: Sample) =>
  console.log(
    `${String(at).padStart(5)} s  rss ${mib(rss)}  cpu ${cpu.toFixed(0)} s  connections ${gauges["connections"]}  ` +
      `devices ${gauges["device_actors"]}  users ${gauges["user_actors"]}  timers ${gauges["timers"]}  ` +
      `database ${mib(database)}  ops ${ops}`,
  );

await delay(3_000);
const fresh = await look();
tell(fresh);
const samples: Sample[] = [];
const traffic = new Traffic({ address, adminToken: ADMIN_TOKEN, phones, pushes: 40, reads: 1 });
{
  await using fleets = new Fleets(1);
  await fleets.start({ count: phones, addresses: [address], atOnce: 16, silentEvery: 50 });
  await traffic.start();
  await fleets.churn({ drops: phones / 250, binds: phones / 250, flips: phones / 250 });
  while (Date.now() - begun < minutes * 60_000) {
    await delay(EVERY_MS);
    samples.push(await look());
    tell(samples.at(-1)!);
  }
  await fleets.calm();
  await traffic.stop();
  const { violations, closes } = await fleets.stats();
  console.log(`answers ${JSON.stringify(traffic.answers)}`);
  console.log(`closes ${JSON.stringify(closes)}  violations ${JSON.stringify(violations)}`);
}
const deadline = Date.now() + SETTLE_MS;
let idle = await look();
while ((idle.gauges["connections"] !== 0 || idle.gauges["user_actors"] !== 0) && Date.now() < deadline) {
  await delay(2_000);
  idle = await look();
}
await delay(5_000);
idle = await look();
tell(idle);
const warm = Math.min(900, minutes * 60 * 0.375);
const { good, lines } = judge(samples, { fresh, idle, warm });
const [rows] = await sql<{ n: number }[]>`select count(*)::int as n from session`;
for (const line of lines) console.log(line);
const empty = rows!.n === 0;
console.log(`${empty ? "good" : "BAD "}  rows of sessions at the end: ${rows!.n}`);
console.log(good && empty ? "good" : "NOT good");
await stack.disposeAsync();
Deno.exit(good && empty ? 0 : 1);
