import assert from "node:assert/strict";
import { backoff } from "../../sdk/core/close.ts";
import { nextDeadline } from "../../sdk/core/step.ts";
import { DEFAULT_TIMING } from "../../sdk/options.ts";
import { Bench } from "./support/bench.ts";
import { FakeClock } from "./support/fake_clock.ts";
import { until } from "./support/until.ts";
import { welcome } from "./support/wire.ts";

/** How long until the next attempt. */
const delay = (bench: Bench) => (nextDeadline(bench.engine.core) ?? NaN) - bench.clock.now();

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

Deno.test("[SDK-7] a clock that is set back does not keep a client waiting", async () => {
  const clock = new FakeClock();
  let back = 0;
  const set = { now: () => clock.now() - back, after: (ms: number, callback: () => void) => clock.after(ms, callback) };
  await using bench = new Bench({ clock, time: set });
  (await bench.online()).cut();
  assert.equal(bench.state, "waiting");
  back = 3_600_000;
  clock.advance(1000);
  assert.equal(bench.state, "connecting");
});

Deno.test("[SDK-7] a clock that is set back puts nothing off, whatever happens meanwhile", async () => {
  const clock = new FakeClock();
  let back = 0;
  const set = { now: () => clock.now() - back, after: (ms: number, callback: () => void) => clock.after(ms, callback) };
  await using bench = new Bench({ clock, time: set });
  (await bench.online()).cut();
  back = 3_600_000;
  bench.engine.post({ type: "register", biz: "LOCK" });
  bench.engine.post({ type: "networkUp" });
  clock.advance(1000);
  assert.equal(bench.state, "connecting");
});

Deno.test("[SDK-6] a login in the background opens no connection for a client that was kicked; the foreground does", async () => {
  await using bench = new Bench();
  (await bench.online()).cut(4403, "kicked");
  bench.engine.post({ type: "background" });
  bench.engine.post({ type: "login", userId: "u", sessionId: "s" });
  assert.equal(bench.state, "parked");
  bench.engine.post({ type: "foreground", asked: false });
  const wire = await bench.online();
  assert.equal(wire.last("hello")?.user?.userId, "u");
});
