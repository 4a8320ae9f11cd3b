import assert from "node:assert/strict";
import type { Batch, Op } from "../../src/protocol.ts";
import { Wire } from "./wire.ts";

const op = (id: number): Op => ({ id, mid: `m-${id}`, at: 0, pl: "x" });
const batch = (from: number, to: number, ids: number[], fields: Partial<Batch> = {}): Batch => ({
  scope: "user",
  biz: "B",
  from,
  to,
  ops: ids.map(op),
  ...fields,
});

/** A connection of `u`, with all that the wire told. */
class Line {
  readonly arrived: string[] = [];
  readonly problems: string[] = [];
  withheld = new Set<number>();
  readonly wire = new Wire("d", {
    arrived: ({ op, late }) => this.arrived.push(`${op.id}${late ? " late" : ""}`),
    acked: () => {},
    problem: (what) => this.problems.push(what),
    withholds: (op) => this.withheld.has(op.id),
  });

  constructor() {
    this.connect();
  }

  connect() {
    const hello = this.wire.hello("u");
    this.wire.take({ type: "welcome", connectionId: "c", epoch: "e", serverTime: 0, heartbeatMs: 45_000 });
    return hello;
  }

  sync(...batches: Batch[]): boolean {
    return this.wire.take({ type: "sync", batches });
  }

  /** All acknowledgements, and the server knows of them. */
  settle() {
    const frames = this.wire.acks({ ping: true });
    for (const frame of frames) if (frame.type === "ping") this.wire.take({ type: "pong", n: frame.n });
    return frames.filter((frame) => frame.type === "ack");
  }
}

Deno.test("wire: acknowledges what came in order by the point, which the next hello reports", () => {
  const line = new Line();
  line.sync(batch(0, 3, [1, 3]), batch(3, 5, [4, 5]));
  assert.deepEqual(line.settle(), [{ type: "ack", scope: "user", biz: "B", id: 5 }]);
  assert.deepEqual(line.connect().user, { userId: "u", points: [["user", "B", 5]] });
  assert.deepEqual([line.arrived, line.problems], [["1", "3", "4", "5"], []]);
});

Deno.test("wire: a withheld op holds the point back, others are acknowledged by id, until it is gone", () => {
  const line = new Line();
  line.withheld.add(2);
  line.sync(batch(0, 3, [1, 2, 3]));
  assert.deepEqual(line.settle(), [{ type: "ack", scope: "user", biz: "B", id: 1, ids: [3] }]);
  line.sync(batch(3, 3, [], { gone: [2] }));
  assert.deepEqual(line.settle(), [{ type: "ack", scope: "user", biz: "B", id: 3 }]);
  assert.deepEqual(line.problems, []);
});

Deno.test("wire: a gap closes the connection and is told", () => {
  const line = new Line();
  assert.equal(line.sync(batch(0, 1, [1])), true);
  assert.equal(line.sync(batch(2, 3, [3])), false);
  assert.match(line.problems.join(), /a gap, from 2 with the cursor at 1/);
});

Deno.test("wire: an interval begins where the last one of this connection ended, the first one at the reported point", () => {
  const line = new Line();
  line.sync(batch(0, 3, [3]));
  line.sync(batch(2, 5, [5]));
  assert.match(line.problems.join(), /from 2, the last one ended at 3/);
  const other = new Line();
  other.withheld.add(2);
  other.sync(batch(0, 3, [1, 2, 3]));
  other.settle();
  assert.deepEqual(other.connect().user?.points, [["user", "B", 1]]);
  other.sync(batch(0, 4, [4]));
  assert.match(other.problems.join(), /from 0, the last one ended at 1/);
});

Deno.test("wire: ids that fall within a batch, or lie outside of it, are told", () => {
  for (const ids of [[2, 1], [1, 1], [4]]) {
    const line = new Line();
    line.sync(batch(0, 3, ids));
    assert.equal(line.problems.length, 1);
  }
});

Deno.test("wire: a repeat is allowed until the server knows of the acknowledgement, and hands nothing on", () => {
  const line = new Line();
  line.sync(batch(0, 1, [1]));
  line.sync(batch(1, 1, [1]));
  line.wire.acks();
  line.sync(batch(1, 1, [1]));
  assert.deepEqual([line.arrived, line.problems, line.wire.repeats], [["1"], [], 2]);
  line.settle();
  line.sync(batch(1, 1, [1]));
  assert.match(line.problems.join(), /id 1 came again on the connection that had acknowledged it/);
});

Deno.test("wire: what is sent as if again must have come on this connection", () => {
  const line = new Line();
  line.sync(batch(0, 1, [1]));
  line.sync(batch(1, 1, [7]));
  assert.match(line.problems.join(), /id 7 is sent as if again/);
});

Deno.test("wire: a late op lies below the cursor, is acknowledged by id and moves no point", () => {
  const line = new Line();
  line.sync(batch(0, 5, [5]));
  line.settle();
  line.sync({ scope: "user", biz: "B", late: true, ops: [op(3)] });
  assert.deepEqual(line.settle(), [{ type: "ack", scope: "user", biz: "B", ids: [3] }]);
  assert.deepEqual([line.arrived, line.problems], [["5", "3 late"], []]);
  line.sync({ scope: "user", biz: "B", late: true, ops: [op(9)] });
  assert.match(line.problems.join(), /id 9 is late, above the cursor 5/);
});

Deno.test("wire: after a bind nothing counts for a user until the answer, and nothing is acknowledged for the former", () => {
  const line = new Line();
  line.sync(batch(0, 1, [1]));
  const bind = line.wire.bind("v");
  assert.ok(bind.type === "bind");
  line.sync(batch(1, 2, [2]));
  assert.deepEqual(line.settle(), []);
  line.wire.take({ type: "bound", n: bind.n, userId: "v" });
  line.sync(batch(0, 1, [1]));
  assert.deepEqual(line.settle(), [{ type: "ack", scope: "user", biz: "B", id: 1 }]);
  assert.deepEqual([line.arrived, line.problems], [["1", "1"], []]);
});

Deno.test("wire: a reset, another epoch, an error and a batch before the welcome are told", () => {
  const line = new Line();
  line.wire.take({ type: "reset", epoch: "e", points: [] });
  line.wire.take({ type: "welcome", connectionId: "c", epoch: "f", serverTime: 0, heartbeatMs: 1 });
  line.wire.take({ type: "error", code: "x", message: "y" });
  line.wire.hello("u");
  line.sync(batch(0, 1, [1]));
  assert.equal(line.problems.length, 4);
});
