import assert from "node:assert/strict";
import { supervise } from "../../actors/supervision.ts";

Deno.test("supervise rebuilds an actor that throws, and gives it up at the third time within ten seconds", () => {
  let now = 0;
  const done: string[] = [], logged: unknown[] = [];
  const failed = supervise<{ id: string }>("device", {
    log: (...line) => logged.push(line),
    rebuild: ({ id }) => done.push(`rebuild ${id}`),
    giveUp: ({ id }) => done.push(`give up ${id}`),
    now: () => now,
  });
  const a = { id: "a" }, b = { id: "b" };
  const fail = (at: number, actor: { id: string }) => {
    now = at;
    failed(actor, new Error("broken"), { type: "ack" });
  };
  for (const at of [0, 9_000, 10_000, 20_000, 29_000]) fail(at, a);
  // another actor's failures are its own
  fail(29_400, b);
  fail(29_500, a);
  assert.deepEqual(done, [...new Array(5).fill("rebuild a"), "rebuild b", "give up a"]);
  assert.deepEqual(logged[0], [
    "error",
    "actor failed",
    { actor: "device", message: "ack", error: "Error: broken" },
  ]);
});
