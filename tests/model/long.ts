/**
 * The model for a long time: `deno run -A tests/model/long.ts [COMMANDS] [SEED]`. Each run is one random life of 60 steps. Prints
 * what was seen, and on a failure the fewest steps that lead to it, ready for `seeds_test.ts`.
 */
import fc from "fast-check";
import { startTestPostgres } from "../support/postgres.ts";
import type { Bench as AnyBench } from "./bench.ts";
import type { Step } from "./steps.ts";

const STEPS = 60;
/** A fresh server now and then: every run leaves an instance behind. */
const RUNS_PER_BENCH = 25;
const SHRINK_MS = 90_000;

const commands = Number(Deno.args[0] ?? 100_000);
const firstSeed = Number(Deno.args[1] ?? Date.now() % 2 ** 31);
const postgres = await startTestPostgres();
Deno.env.set("TEST_DATABASE_URL", postgres.url);
// the test database's address is read when these modules are loaded
const { run } = await import("./commands.ts");
const { life } = await import("./steps.ts");
const { Bench } = await import("./bench.ts");

const seen: Record<string, number> = {};

/** @returns what went wrong, or null */
async function fails(bench: AnyBench, steps: readonly Step[]): Promise<string | null> {
  const world = await bench.world();
  try {
    await run(world, steps);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const [what, n] of Object.entries(world.seen)) seen[what] = (seen[what] ?? 0) + n;
  }
}

/** Leaves out what is not needed for the failure, first in large pieces, for as long as it may take. */
async function fewest(bench: AnyBench, steps: readonly Step[]): Promise<readonly Step[]> {
  const deadline = performance.now() + SHRINK_MS;
  let left = steps;
  for (let size = left.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < left.length && performance.now() < deadline;) {
      const without = left.toSpliced(at, size);
      if (await fails(bench, without) === null) at += size;
      else left = without;
    }
  }
  return left;
}

const started = performance.now();
let done = 0, seed = firstSeed, failed = 0;
while (done < commands) {
  await using bench = await Bench.start();
  for (let runs = 0; runs < RUNS_PER_BENCH; runs++, seed++) {
    const [steps] = fc.sample(life(STEPS), { numRuns: 1, seed });
    const failure = await fails(bench, steps!);
    done += steps!.length;
    if (failure === null) continue;
    failed++;
    Deno.exitCode = 1;
    console.error(`seed ${seed}: ${failure}`);
    console.error(JSON.stringify(await fewest(bench, steps!)));
  }
  console.log(`${done} commands, ${failed} failures, ${Math.round((performance.now() - started) / 1_000)} s`, seen);
}
await postgres.stop();
