import assert from "node:assert/strict";
import { supervise } from "../../actors/supervision.ts";

Deno.test("supervise rebuilds an actor that throws, and gives it up at the third time within ten seconds", () => {
  let now = 0;
  const done: string[] = [], logged: unknown[] = [];
  const failed = supervise<{ type: string }>("device", {
    log: (...line) => logged.push(line),
    rebuild: () => done.push("rebuild"),
    giveUp: () => done.push("give up"),
    now: () => now,
  });
  const fail = (at: number) => {
    now = at;
    failed(new Error("broken"), { type: "ack" });
  };
  for (const at of [0, 9_000, 10_000, 20_000, 29_000, 29_500]) fail(at);
  assert.deepEqual(done, ["rebuild", "rebuild", "rebuild", "rebuild", "rebuild", "give up"]);
  assert.deepEqual(logged[0], [
    "error",
    "actor failed",
    { actor: "device", message: "ack", error: "Error: broken" },
  ]);
});
