import assert from "node:assert/strict";
import { isGood, reportOf } from "./report.ts";
import { torture } from "./torture.ts";

/** Beside the blows, starting and settling take some seconds: about a minute in all. */
const SECONDS = 45;
const PUSHES = 9_000;
const SEED = 6;

Deno.test("[PUSH-3] [PUSH-4] [STR-1] [DLV-1] [DLV-8] a tortured server loses nothing, brings nothing twice and nothing out of order", async () => {
  const lines: string[] = [];
  const outcome = await torture({ seconds: SECONDS, pushes: PUSHES, seed: SEED, log: (line) => lines.push(line) });
  assert.ok(isGood(outcome), `${reportOf(outcome)}\n${lines.join("\n")}`);
  const { delivered, filtered, expired, passing } = outcome.counts;
  assert.ok(Math.min(delivered, filtered, expired, passing) > 0, reportOf(outcome));
  // a slow machine gets through fewer of both
  assert.ok(outcome.published > PUSHES / 10, `${outcome.published} were published`);
  assert.ok(outcome.blows.size >= 8, `the blows: ${[...outcome.blows.keys()]}`);
});
