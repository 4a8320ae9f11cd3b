import assert from "node:assert/strict";
import { countTests } from "./summary.ts";

Deno.test("countTests reads the last summary of deno test, colours or not", () => {
  assert.deepEqual(countTests("a ... ok (1ms)\n\nok | 12 passed (3 steps) | 0 failed (2s)\n", true), {
    passed: 12,
    failed: 0,
  });
  const coloured = "\x1b[0m\x1b[31mFAILED\x1b[0m | 1 passed (1 step) | 2 failed (1 step) | 1 ignored \x1b[0m(66ms)\n";
  assert.deepEqual(countTests(coloured, false), { passed: 1, failed: 2 });
});

Deno.test("countTests counts a run that failed without a failed test as one failure", () => {
  assert.deepEqual(countTests("error: Module not found\n", false), { passed: 0, failed: 1 });
  assert.deepEqual(countTests("ok | 3 passed | 0 failed (1s)\n", false), { passed: 3, failed: 1 });
});
