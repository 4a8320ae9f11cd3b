import fc from "fast-check";
import { Bench } from "./bench.ts";
import { run } from "./commands.ts";
import { life, type Step } from "./steps.ts";

/** Runs of the suite, and how long they are. */
const RUNS = 20;
const STEPS = 30;

Deno.test("[DLV-1] [PT-4] [STR-3] server and model agree after every step of random lives of three devices and two users", async () => {
  await using bench = await Bench.start();
  await fc.assert(
    fc.asyncProperty(life(STEPS), async (steps: Step[]) => {
      await run(await bench.world(), steps);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
