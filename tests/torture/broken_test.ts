import assert from "node:assert/strict";
import { type Break, breakOpen, BREAKS, patched } from "./broken.ts";
import { isGood, reportOf } from "./report.ts";
import { torture } from "./torture.ts";

Deno.test("a broken build can be made in every way, and not from a source that has changed", async () => {
  for (const kind of Object.keys(BREAKS) as Break[]) {
    await using build = await breakOpen(kind);
    assert.ok((await Deno.stat(build.main)).isFile);
  }
  const { right } = BREAKS.early;
  assert.throws(() => patched("", BREAKS.early), /src\/push.ts has 0 places/);
  assert.throws(() => patched(right + right, BREAKS.early), /src\/push.ts has 2 places/);
});

Deno.test("[PUSH-3] the torture catches a build that answers before the commit, and names what it lost", async () => {
  await using build = await breakOpen("early");
  const outcome = await torture({
    seconds: 10,
    pushes: 2_500,
    seed: 1,
    main: build.main,
    blows: ["postgres", "kill"],
    // what is not in the log will not come, and the rest is not what this is about
    patienceMs: 0,
  });
  const report = reportOf(outcome);
  assert.ok(!isGood(outcome), report);
  const unstored = outcome.lost.filter(({ why }) => why === "answered true, but it is not in the log");
  assert.ok(unstored.length > 0, report);
  assert.ok(report.includes(`m-${outcome.lost[0]!.push}`), report);
});
