/** `deno task load:restart [clients] [pushes a second]`: the whole thing, on a Postgres of its own with durable commits. */
import { startEmbedded } from "../../db/embedded.ts";
import { DEFAULT_TIMING } from "../../sdk/options.ts";
import { restartUnderLoad } from "./restart.ts";

const phones = Number(Deno.args[0] ?? 18_000);
const rate = Number(Deno.args[1] ?? 300);
/** The budget: all clients are back and caught up within so many ms of a kill. */
const BUDGET_MS = 6_000;

const folder = await Deno.makeTempDir({ prefix: "syncline-load-" });
const postgres = await startEmbedded({ dataDir: folder, log: () => {} });
let good = false;
try {
  const report = await restartUnderLoad({
    databaseUrl: postgres.url,
    phones,
    rate,
    processes: Math.ceil(phones / 9_000),
    patience: 60_000,
    stableMs: DEFAULT_TIMING.stableMs,
    tell: console.log,
  });
  const { accepted, lost, twice, violations, longest, refused, returns } = report;
  console.log(`${accepted} pushes accepted, ${lost.length} lost, ${twice} seen twice, the longest took ${longest} ms`);
  console.log(`refused and repeated: ${JSON.stringify(refused)}; violations: ${JSON.stringify(violations)}`);
  const kills = returns.filter(({ what }) => what.includes("killed"));
  const slow = kills.filter(({ caughtUp }) => caughtUp > BUDGET_MS);
  for (const { what, caughtUp } of slow) console.log(`over the budget of ${BUDGET_MS} ms: ${what}: ${caughtUp} ms`);
  good = lost.length === 0 && violations.length === 0 && slow.length === 0;
  console.log(good ? "good" : "NOT good");
} finally {
  await postgres.stop();
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(good ? 0 : 1);
