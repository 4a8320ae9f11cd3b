import assert from "node:assert/strict";
import { CLOSE_CODES } from "../../src/close_codes.ts";
import { backoff, closeAction, parseHints } from "../../sdk/core/close.ts";
import { nextDeadline } from "../../sdk/core/step.ts";
import { DEFAULT_TIMING } from "../../sdk/options.ts";
import { Bench } from "./support/bench.ts";
import { until } from "./support/until.ts";
import { welcome } from "./support/wire.ts";

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

Deno.test("[SDK-7] full jitter doubles to 60 s and covers the first attempt", async () => {
  const at = (attempt: number, random: number) => backoff(attempt, random, DEFAULT_TIMING);
  assert.deepEqual([0, 1, 2, 5, 6, 50].map((n) => at(n, 1)), [1000, 2000, 4000, 32_000, 60_000, 60_000]);
  assert.equal(at(9, 0), 0);
  await using bench = new Bench({ random: 0.25 });
  bench.engine.post({ type: "start" });
  await bench.reach("waiting");
  assert.equal(delay(bench), 250);
});

Deno.test("[SDK-7] attempts that fail wait longer and longer; a connection that lived starts over", async () => {
  await using bench = new Bench({ random: 1 });
  bench.engine.post({ type: "start" });
  await bench.reach("waiting");
  const delays: number[] = [];
  for (let n = 0; n < 8; n++) {
    delays.push(delay(bench));
    bench.due();
    await bench.reach("connecting");
    bench.wire.cut();
  }
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  const wire = await bench.online();
  wire.cut();
  assert.equal(delay(bench), 60_000);
  const longer = await bench.online();
  bench.clock.advance(DEFAULT_TIMING.stableMs);
  longer.cut();
  assert.equal(delay(bench), 1000);
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

Deno.test("[SDK-6] background closes the connection and stays without; foreground opens one", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  bench.engine.post({ type: "background" });
  assert.deepEqual(wire.closedBy, { code: 1000, reason: "background" });
  assert.equal(bench.state, "parked");
  assert.equal(nextDeadline(bench.engine.core), null);
  bench.engine.post({ type: "foreground", asked: true });
  assert.notEqual(await bench.online(), wire);
});

Deno.test("[SDK-6] a client that starts in the background waits for the foreground", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "background" });
  bench.engine.post({ type: "start" });
  await bench.reach("parked");
  assert.equal(bench.wires.all.length, 0);
  bench.engine.post({ type: "foreground", asked: false });
  await bench.online();
});

Deno.test("[SDK-6] keepInBackground keeps the connection and tells the server", async () => {
  await using bench = new Bench({ keepInBackground: true });
  const wire = await bench.online();
  bench.engine.post({ type: "background" });
  bench.engine.post({ type: "background" });
  assert.equal(bench.state, "online");
  assert.deepEqual(wire.sent.map((f) => f.type).slice(1), ["background"]);
  bench.engine.post({ type: "foreground", asked: true });
  assert.deepEqual(wire.sent.map((f) => f.type).slice(2), ["foreground", "ping"]);
  wire.cut();
  bench.engine.post({ type: "background" });
  const again = await bench.online();
  assert.equal(again.last("hello")?.foreground, false);
});

Deno.test("[SDK-6] what happened to the foreground during the hello is told after the welcome", async () => {
  await using bench = new Bench({ keepInBackground: true });
  const wire = await bench.hello();
  bench.engine.post({ type: "background" });
  wire.say(welcome());
  assert.deepEqual(wire.sent.map((f) => f.type), ["hello", "background"]);
});

Deno.test("[SDK-6] foreground on an open connection: a round trip proves it, and without an answer it is replaced", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  bench.engine.post({ type: "foreground", asked: true });
  wire.say({ type: "pong", n: wire.last("ping")!.n });
  bench.clock.advance(DEFAULT_TIMING.probeMs + 1);
  assert.equal(bench.state, "online");
  bench.engine.post({ type: "foreground", asked: true });
  // An old answer, and other frames that lay in the way, prove nothing for good.
  wire.say({ type: "pong", n: 1 });
  bench.clock.advance(DEFAULT_TIMING.probeMs);
  assert.equal(bench.state, "waiting");
  assert.equal(wire.closedBy?.code, 4000);
});

Deno.test("[SDK-6] the network going away is proved the same way", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  bench.engine.post({ type: "networkDown" });
  assert.equal(wire.all("ping").length, 1);
  bench.clock.advance(DEFAULT_TIMING.probeMs);
  assert.equal(bench.state, "waiting");
});

Deno.test("[SDK-7] silence for a heartbeat sends a ping; 10 s without an answer is dead", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  bench.clock.advance(44_999);
  assert.equal(wire.all("ping").length, 0);
  bench.clock.advance(1);
  assert.equal(wire.all("ping").length, 1);
  wire.say({ type: "pong", n: wire.last("ping")!.n });
  bench.clock.advance(44_999);
  assert.equal(wire.all("ping").length, 1);
  bench.clock.advance(1);
  assert.equal(wire.all("ping").length, 2);
  bench.clock.advance(9_999);
  assert.equal(bench.state, "online");
  bench.clock.advance(1);
  assert.equal(bench.state, "waiting");
});

Deno.test("[SDK-7] a ping of the server is answered at once", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  wire.say({ type: "ping", n: 7 });
  assert.deepEqual(wire.last("pong"), { type: "pong", n: 7 });
});

Deno.test("[SDK-7] an attempt that gets nowhere is given up, at the socket or at the hello", async () => {
  await using bench = new Bench();
  bench.engine.post({ type: "start" });
  await bench.reach("waiting");
  bench.due();
  const first = bench.wire;
  bench.clock.advance(DEFAULT_TIMING.connectMs);
  assert.equal(bench.state, "waiting");
  const second = await bench.hello();
  bench.clock.advance(DEFAULT_TIMING.connectMs);
  assert.deepEqual([first, second].map((w) => w.closedBy?.code), [4000, 4000]);
  assert.equal(bench.connection.filter((c) => c.startsWith("connectFailed")).length, 2);
});

Deno.test("[SDK-7] an older connection's last words change nothing", async () => {
  await using bench = new Bench();
  const first = await bench.online();
  const { onmessage, onclose } = first;
  first.cut();
  await bench.online();
  onmessage?.({ data: JSON.stringify({ type: "reset", epoch: "x", points: [] }) });
  onclose?.({ code: 4409, reason: "replaced" });
  assert.equal(bench.state, "online");
});

Deno.test("[SDK-7] a frame that cannot be read, or anything before the welcome, leads to a new connection", async () => {
  for (
    const data of ["{", "[]", 12, `{"type":"sync","batches":[{}]}`, `{"type":"sync","batches":[{"scope":"user"}]}`]
  ) {
    await using bench = new Bench();
    const wire = await bench.online();
    wire.raw(data);
    assert.deepEqual([bench.state, wire.closedBy?.code], ["waiting", 4000], String(data));
  }
  await using bench = new Bench();
  const wire = await bench.hello();
  wire.say({ type: "sync", batches: [] });
  assert.equal(bench.state, "waiting");
});

Deno.test("[SDK-7] frames of a later version are ignored; an error frame is reported", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  wire.raw(`{"type":"news","x":1}`);
  wire.say({ type: "error", code: "SOMETHING", message: "went wrong" });
  wire.say({ type: "command", biz: "CHAT", command: "offline" });
  assert.equal(bench.state, "online");
  assert.deepEqual(bench.problems.map((p) => [p.code, p.message]), [["server", "SOMETHING: went wrong"]]);
  assert.deepEqual(bench.commands, ["CHAT offline"]);
});

Deno.test("[SDK-7] stop says goodbye, stores what was reported, and a start begins anew", async () => {
  await using bench = new Bench();
  const wire = await bench.online();
  bench.engine.post({ type: "stop" });
  assert.equal(wire.closedBy?.code, 1000);
  assert.equal(bench.state, "idle");
  await until("the end of all timers", () => bench.clock.pending === 0);
  await bench.online();
});
