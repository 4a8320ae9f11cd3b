import assert from "node:assert/strict";
import { testDatabase } from "../support/database.ts";
import { campaign } from "./campaign.ts";

const MIB = 1024 * 1024;

Deno.test("fuzz: whatever frames and requests come, each is answered, none for our fault, and honest clients go on", async () => {
  await using database = await testDatabase();
  const seed = Number(Deno.env.get("FUZZ_SEED") ?? 1);
  const report = await campaign({ databaseUrl: database.url, seed, frames: 8_000, requests: 2_000 });
  assert.ok(report.frames >= 8_000 && report.requests >= 2_000);
  const seen = Object.keys(report.outcomes);
  for (const outcome of ["answered", "close 4400", "http 200", "http 400", "http 404"]) {
    assert.ok(seen.includes(outcome), `${outcome} is among ${seen}`);
  }
  assert.ok(report.end < report.warm + 200 * MIB, `memory grew from ${report.warm} to ${report.end} bytes`);
});
