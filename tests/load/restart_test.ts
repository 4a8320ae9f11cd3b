import assert from "node:assert/strict";
import { testDatabase } from "../support/database.ts";
import { restartUnderLoad } from "./restart.ts";

Deno.test("[OPS-3] [PUSH-3] two processes are restarted and killed under pushes: nothing is lost, everybody comes back, spread by the hints", async () => {
  await using database = await testDatabase();
  const phones = 300;
  const report = await restartUnderLoad({
    databaseUrl: database.url,
    phones,
    processes: 1,
    rate: 60,
    patience: 60_000,
    stableMs: 500,
    tell: () => {},
  });
  assert.deepEqual([report.lost, report.twice, report.violations], [[], 0, []]);
  assert.ok(report.accepted > 200, `${report.accepted} pushes were accepted`);
  const [first, second, killed, restarted] = report.returns;
  for (const [drained, clients] of [[first!, phones / 2], [second!, phones]] as const) {
    assert.deepEqual([drained.code, drained.closes], [0, { 1001: clients }], drained.what);
    assert.ok(drained.ended < 30_000);
    const [least, most] = drained.hints!;
    assert.ok(most - least > 500, `hints from ${least} to ${most} ms`);
    // when they come depends on the machine, when they were asked to come does not
    assert.ok(drained.hintPeak < 0.5, `${drained.hintPeak} of all were asked to come within 250 ms`);
  }
  for (const { what, code, closes } of [killed!, restarted!]) {
    assert.equal(code, 137, what);
    assert.ok((closes[1006] ?? 0) >= phones, `${what}: ${JSON.stringify(closes)}`);
  }
});
