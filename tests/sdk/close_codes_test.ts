import assert from "node:assert/strict";
import { CLOSE_CODES } from "../../src/close_codes.ts";
import { closeAction, parseHints } from "../../sdk/core/close.ts";
import { nextDeadline } from "../../sdk/core/step.ts";
import { Bench } from "./support/bench.ts";

/** How long until the next attempt. */
const delay = (bench: Bench) => (nextDeadline(bench.engine.core) ?? NaN) - bench.clock.now();

Deno.test("[SDK-7] every close code of the server's table has its action here", () => {
  const expected = { yes: ["retry"], hint: ["retry"], once: ["clock"], no: ["final", "asked", "replaced"] };
  for (const [code, { retry }] of Object.entries(CLOSE_CODES)) {
    assert.ok(expected[retry].includes(closeAction(Number(code))), code);
  }
  assert.equal(closeAction(1006), "retry");
  assert.equal(closeAction(4999), "retry");
});

Deno.test("[SDK-7] hints are read from the reason, whatever else is in it", () => {
  const hints = (reason: string) => Object.entries(parseHints(reason)).filter(([, value]) => value !== undefined);
  assert.deepEqual(hints("overloaded retry-after-ms=8000"), [["retryAfterMs", 8000]]);
  assert.deepEqual(hints("replaced seq=1732000000000"), [["seq", 1732000000000]]);
  assert.deepEqual(hints("signature-invalid server-time-ms=12: detail x=1"), [["serverTimeMs", 12]]);
  assert.deepEqual(hints("overloaded retry-after-ms=-1 seq=1.5 seq=99999999999999999"), []);
  assert.deepEqual(hints("overloaded retry-after-ms=99999999999"), [["retryAfterMs", 900_000]]);
  assert.deepEqual(hints(""), []);
});

for (const code of [1001, 4429, 4503]) {
  Deno.test(`[SDK-7] ${code}: reconnects after the hint, not before, even when the network comes back`, async () => {
    await using bench = new Bench();
    const wire = await bench.online();
    wire.cut(code, "overloaded retry-after-ms=8000");
    assert.equal(delay(bench), 8000);
    bench.engine.post({ type: "networkUp" });
    bench.engine.post({ type: "foreground", asked: true });
    assert.equal(delay(bench), 8000);
  });
}

Deno.test("[SDK-7] who is told when to come back does not stay away longer each time; who gets no answer does", async () => {
  await using bench = new Bench();
  const attempt = () => bench.engine.core.tries.attempt;
  (await bench.hello()).cut(1001, "going-away retry-after-ms=3000");
  const before = attempt();
  for (let n = 0; n < 5; n++) (await bench.hello()).cut(1001, "going-away retry-after-ms=3000");
  assert.equal(attempt(), before);
  assert.equal(delay(bench), 3000);
  for (let n = 0; n < 5; n++) (await bench.hello()).cut(1006, "");
  assert.equal(attempt(), before + 5);
});

for (const code of [1006, 1011, 4000, 4408, 4410, 3999]) {
  Deno.test(`[SDK-7] ${code}: reconnects`, async () => {
    await using bench = new Bench();
    (await bench.online()).cut(code, "x");
    await bench.online();
    assert.deepEqual(bench.connection, ["connecting", "connected", "disconnected: x", "connecting", "connected"]);
  });
}

for (const code of [4400, 4404, 4413, 4426]) {
  Deno.test(`[SDK-7] ${code}: stops for good and reports`, async () => {
    await using bench = new Bench();
    (await bench.online()).cut(code, "reason");
    assert.equal(bench.state, "stopped");
    assert.deepEqual(bench.problems.map((p) => [p.code, p.closeCode]), [["closed", code]]);
    for (const type of ["networkUp", "logout"] as const) bench.engine.post({ type });
    bench.engine.post({ type: "foreground", asked: true });
    bench.engine.post({ type: "login", userId: "u", sessionId: "s" });
    assert.equal(bench.state, "stopped");
    assert.equal(nextDeadline(bench.engine.core), null);
    bench.engine.post({ type: "start" });
    assert.equal(bench.state, "waiting");
  });
}

for (const code of [4403, 4409]) {
  Deno.test(`[SDK-7] ${code}: stays away until the app asks; a page that becomes visible does not`, async () => {
    await using bench = new Bench();
    (await bench.online()).cut(code, "replaced seq=5");
    bench.engine.post({ type: "networkUp" });
    bench.engine.post({ type: "background" });
    bench.engine.post({ type: "foreground", asked: false });
    assert.equal(bench.state, "stopped");
    assert.equal(nextDeadline(bench.engine.core), null);
    bench.engine.post({ type: "foreground", asked: true });
    await bench.online();
  });
}

Deno.test("[DEV-3] 4409 before the welcome: once more with a seq above the hint's, then stop", async () => {
  await using bench = new Bench();
  const first = await bench.hello();
  const seq = first.last("hello")!.seq + 1000;
  first.cut(4409, `replaced seq=${seq}`);
  const second = await bench.hello();
  assert.equal(second.last("hello")?.seq, seq + 1);
  second.cut(4409, `replaced seq=${seq + 5000}`);
  assert.equal(bench.state, "stopped");
});

Deno.test("[SIG-3] 4401: corrects the clock by the hint once, then stops", async () => {
  await using bench = new Bench({ secret: "k" });
  const first = await bench.hello();
  assert.equal(first.last("hello")?.sign?.timestamp, bench.clock.now());
  const serverTime = bench.clock.now() + 3_600_000;
  first.cut(4401, `signature-invalid server-time-ms=${serverTime}`);
  const second = await bench.hello();
  const passed = bench.clock.now() - 1_700_000_000_000;
  assert.ok(Math.abs(second.last("hello")!.sign!.timestamp - serverTime) <= passed);
  second.cut(4401, `signature-invalid server-time-ms=${serverTime}`);
  assert.equal(bench.state, "stopped");
});

Deno.test("[SIG-3] 4401 without a time to correct by stops at once", async () => {
  await using bench = new Bench({ secret: "k" });
  (await bench.hello()).cut(4401, "signature-invalid");
  assert.equal(bench.state, "stopped");
});

Deno.test("[SDK-7] a hint holds over background and foreground", async () => {
  await using bench = new Bench();
  (await bench.online()).cut(4503, "overloaded retry-after-ms=60000");
  bench.engine.post({ type: "background" });
  bench.engine.post({ type: "foreground", asked: true });
  assert.equal(delay(bench), 60_000);
});
