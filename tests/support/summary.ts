import { stripVTControlCharacters } from "node:util";

/** How many tests passed and failed. */
export type TestCount = { readonly passed: number; readonly failed: number };

/**
 * Reads the count out of what `deno test` printed. A run that failed without naming a failed test, for example because
 * a file did not load, counts as one failure.
 */
export function countTests(output: string, success: boolean): TestCount {
  const summaries = [
    ...stripVTControlCharacters(output).matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/gm),
  ];
  const [, passed = "0", failed = "0"] = summaries.at(-1) ?? [];
  return { passed: Number(passed), failed: success ? Number(failed) : Math.max(1, Number(failed)) };
}
