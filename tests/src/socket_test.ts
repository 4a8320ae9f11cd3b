import assert from "node:assert/strict";
import type { OutBatch } from "../../actors/lane_state.ts";
import type { Clock } from "../../src/clock.ts";
import { Socket } from "../../src/socket.ts";

const MIB = 1024 * 1024;

/** A clock that stands still until it is moved. */
class ManualClock implements Clock {
  #now = 1_732_000_000_000;
  readonly #timers = new Map<() => void, number>();
  now = () => this.#now;
  after(ms: number, callback: () => void): () => void {
    this.#timers.set(callback, this.#now + ms);
    return () => this.#timers.delete(callback);
  }
  get pending(): number {
    return this.#timers.size;
  }
  advance(ms: number): void {
    this.#now += ms;
    for (const [callback, due] of [...this.#timers]) {
      if (due > this.#now) continue;
      this.#timers.delete(callback);
      callback();
    }
  }
}

/** The wire under a socket: what was sent, and a buffer that is as full as the test says. */
class Wire extends EventTarget {
  readyState: number = WebSocket.OPEN;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  closed: string | null = null;
  send(frame: string): void {
    this.sent.push(frame);
  }
  close(code: number, reason: string): void {
    this.readyState = WebSocket.CLOSING;
    this.closed = `${code} ${reason}`;
  }
}

function setUp() {
  const wire = new Wire(), clock = new ManualClock();
  const frames: string[] = [];
  let ended = 0, gone = 0;
  const socket = new Socket(wire as unknown as WebSocket, {
    clock,
    onFrame: (from, data) => (from.answered(), frames.push(data)),
    onEnd: () => ended++,
    onGone: () => gone++,
  });
  return { wire, clock, socket, frames, ended: () => ended, gone: () => gone };
}

const batch = (id: number): OutBatch => ({
  scope: "user",
  biz: "UCHAT",
  interval: { from: id - 1, to: id },
  ops: [{ id, json: `{"id":${id}}`, bytes: 8 }],
});

Deno.test("[DLV-2] batches that are queued in one turn go out merged, before any frame that follows", async () => {
  const { wire, socket } = setUp();
  socket.queue(batch(1));
  socket.queue(batch(2));
  socket.send("after");
  socket.queue(batch(3));
  await Promise.resolve();
  assert.deepEqual(wire.sent.map((frame) => frame.match(/"id":\d/g)?.join() ?? frame), [
    '"id":1,"id":2',
    "after",
    '"id":3',
  ]);
});

Deno.test("[DLV-5] a probe asks once, and ends the connection after 10 s without a frame", () => {
  const { wire, clock, socket, ended } = setUp();
  socket.probe();
  socket.probe();
  assert.deepEqual([wire.sent, socket.probing], [['{"type":"ping","n":1}'], true]);
  wire.dispatchEvent(new MessageEvent("message", { data: "anything" }));
  assert.equal(socket.probing, false);
  clock.advance(20_000);
  assert.equal(wire.closed, null);
  socket.probe();
  clock.advance(9_999);
  assert.equal(ended(), 0);
  clock.advance(1);
  assert.match(wire.closed ?? "", /^1011 /);
  wire.dispatchEvent(new Event("close"));
  assert.deepEqual([ended(), clock.pending], [1, 0]);
});

Deno.test("4410: an overfull buffer cuts a client off that reads nothing for 10 s, and none that goes on reading", () => {
  const { wire, clock, socket } = setUp();
  wire.bufferedAmount = 3 * MIB;
  socket.send("1");
  clock.advance(9_999);
  wire.bufferedAmount = 2 * MIB;
  clock.advance(1);
  assert.equal(wire.closed, null);
  wire.bufferedAmount = MIB / 2;
  clock.advance(10_000);
  assert.deepEqual([wire.closed, clock.pending], [null, 0]);
  wire.bufferedAmount = 2 * MIB;
  socket.send("2");
  clock.advance(10_000);
  assert.equal(wire.closed, "4410 slow-consumer");
});

Deno.test("4410: far too much unsent cuts a client off at once", () => {
  const { wire, socket, clock, ended } = setUp();
  wire.bufferedAmount = 33 * MIB;
  socket.send("1");
  assert.equal(wire.closed, "4410 slow-consumer");
  socket.send("2");
  wire.dispatchEvent(new Event("close"));
  assert.deepEqual([wire.sent, ended(), clock.pending], [["1"], 1, 0]);
});

Deno.test("a socket ends once, whoever ends it, and hands on nothing afterwards", () => {
  const { wire, socket, frames, ended } = setUp();
  wire.dispatchEvent(new MessageEvent("message", { data: "1" }));
  wire.dispatchEvent(new Event("close"));
  wire.dispatchEvent(new MessageEvent("message", { data: "2" }));
  socket.close(1011);
  assert.deepEqual([frames, ended(), wire.closed], [["1"], 1, null]);
});

Deno.test("4429: frames count by their number, and large ones for as many as fill 4 KiB; time forgives", () => {
  const { socket, wire, clock } = setUp();
  const passes = (length: number) => {
    wire.dispatchEvent(new MessageEvent("message", { data: "" }));
    return socket.withinRate(length);
  };
  const count = (length: number) => {
    let passed = 0;
    while (passes(length)) passed++;
    return passed;
  };
  assert.equal(count(100), 5_000);
  clock.advance(60_000);
  assert.equal(count(64 * 1024), Math.floor(5_000 / 17));
  clock.advance(60_000);
  assert.equal(passes(10) && socket.charge(4_999), true);
  assert.equal(socket.charge(1), false);
});

Deno.test("a socket is gone when the other side agrees to its end, or after 5 s", () => {
  const agreeing = setUp();
  agreeing.socket.close(1001);
  assert.deepEqual([agreeing.ended(), agreeing.gone()], [1, 0]);
  agreeing.wire.dispatchEvent(new Event("close"));
  assert.deepEqual([agreeing.ended(), agreeing.gone(), agreeing.clock.pending], [1, 1, 0]);
  const silent = setUp();
  silent.socket.close(1001);
  silent.clock.advance(4_999);
  assert.equal(silent.gone(), 0);
  silent.clock.advance(1);
  silent.wire.dispatchEvent(new Event("close"));
  assert.deepEqual([silent.ended(), silent.gone(), silent.clock.pending], [1, 1, 0]);
});
