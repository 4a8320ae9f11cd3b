/** `deno task fuzz [seed]`: a million frames and 100,000 requests against a server in a process of its own. */
import { testDatabase } from "../support/database.ts";
import { campaign } from "./campaign.ts";

const [seed = String(Date.now() % 1_000_000), frames = "1000000", requests = "100000"] = Deno.args;
console.log(`seed ${seed}`);
await using database = await testDatabase();
const report = await campaign({
  databaseUrl: database.url,
  seed: Number(seed),
  frames: Number(frames),
  requests: Number(requests),
  progress: (line) => console.log(new Date().toISOString(), line),
});
console.log(JSON.stringify(report, null, 2));
