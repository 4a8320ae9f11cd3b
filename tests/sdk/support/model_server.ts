/**
 * The simplest server that follows docs/protocol.md, for one device, with every freedom that the protocol leaves it:
 * how much goes into a batch, when a retry comes, which ops are held back and come late. It judges each ack.
 */
import type { Ack, Batch, ClientFrame, Point, Scope } from "../../../src/protocol.ts";
import type { Wire } from "./wire.ts";

export type ModelOp = {
  id: number;
  /** Skipped at first: an interval covers it without carrying it, and it comes late when it is let go. */
  heldBack: boolean;
  /** Skipped once: no point covers it (FLT-3), only an ack by id or of a batch that carried it. */
  owed: boolean;
  acked: boolean;
  gone: boolean;
};

export class ModelStream {
  readonly ops: ModelOp[] = [];
  #next = 1;
  readonly scope: Scope;
  readonly biz: string;
  readonly owner: string;

  constructor(scope: Scope, biz: string, owner: string) {
    this.scope = scope;
    this.biz = biz;
    this.owner = owner;
  }

  get key(): string {
    return `s/${this.scope}/${this.biz}/${this.owner}`;
  }

  push(gap: number, heldBack: boolean): void {
    this.#next += gap;
    this.ops.push({ id: this.#next++, heldBack, owed: false, acked: false, gone: false });
  }

  get head(): number {
    return this.#next - 1;
  }
}

type Lane = { sentTo: number; window: Map<number, { op: ModelOp; late: boolean }> };

const WINDOW = 6;

export class ModelServer {
  readonly streams: ModelStream[];
  /** Called for every op that an ack covers, with its stream: the test's judge. */
  onAcked: (stream: ModelStream, op: ModelOp) => void = () => {};
  readonly faults: string[] = [];
  epoch = "e-1";
  #wire: Wire | null = null;
  #bound: string | null = null;
  #lanes = new Map<ModelStream, Lane>();

  constructor(streams: ModelStream[]) {
    this.streams = streams;
  }

  accept(wire: Wire): void {
    wire.onSent = (frame) => this.#take(wire, frame);
    wire.open();
  }

  get connected(): boolean {
    return this.#wire !== null && this.#wire.closedBy === null;
  }

  cut(): void {
    const wire = this.#wire;
    this.#wire = null;
    wire?.cut();
  }

  #take(wire: Wire, frame: ClientFrame): void {
    if (frame.type === "hello") {
      this.#wire = wire;
      this.#lanes.clear();
      this.#bound = frame.user?.userId ?? null;
      this.#open("", frame.points);
      if (frame.user) this.#open(frame.user.userId, frame.user.points);
      wire.say({
        type: "welcome",
        connectionId: "c",
        epoch: this.epoch,
        serverTime: 1_700_000_000_000,
        heartbeatMs: 45_000,
      });
      return;
    }
    if (wire !== this.#wire) return;
    if (frame.type === "ack") this.#ack(frame);
    if (frame.type === "ping") wire.say({ type: "pong", n: frame.n });
    if (frame.type === "bind" || frame.type === "unbind") {
      const userId = frame.type === "bind" ? frame.userId : null;
      // Batches of the former user that were on their way arrive before the answer.
      this.pump(2);
      for (const stream of this.#lanes.keys()) if (stream.owner) this.#lanes.delete(stream);
      this.#bound = userId;
      if (userId !== null && frame.type === "bind") this.#open(userId, frame.points);
      wire.say({ type: "bound", n: frame.n, userId });
    }
  }

  #open(owner: string, points: readonly Point[]): void {
    for (const stream of this.streams) {
      if (stream.owner !== owner) continue;
      const point = points.find(([scope, biz]) => scope === stream.scope && biz === stream.biz)?.[2] ?? 0;
      if (point > stream.head) this.faults.push(`point ${point} of ${stream.key} is above the head ${stream.head}`);
      const lane: Lane = { sentTo: point, window: new Map() };
      // A reported point counts as an ack of what it covers, except what is still owed to this device (PT-2).
      for (const op of stream.ops) {
        if (op.id <= point && !op.acked && !op.gone && !op.heldBack && !op.owed) this.#acked(stream, op);
      }
      this.#lanes.set(stream, lane);
    }
  }

  #ack(frame: Ack): void {
    for (const [stream, lane] of this.#lanes) {
      if (stream.scope !== frame.scope || stream.biz !== frame.biz) continue;
      if ((frame.id ?? 0) > lane.sentTo) this.faults.push(`ack ${frame.id} of ${stream.key} beyond ${lane.sentTo}`);
      for (const [id, { op, late }] of [...lane.window]) {
        const covered = (frame.id !== undefined && !late && id <= frame.id) || frame.ids?.includes(id);
        if (!covered) continue;
        lane.window.delete(id);
        this.#acked(stream, op);
      }
    }
  }

  #acked(stream: ModelStream, op: ModelOp): void {
    op.acked = true;
    this.onAcked(stream, op);
  }

  /** Sends what is due, at most `size` ops a batch, as one frame. */
  pump(size: number): boolean {
    if (!this.connected || !this.#wire) return false;
    const batches: Batch[] = [];
    for (const [stream, lane] of this.#lanes) {
      if (stream.owner !== "" && stream.owner !== this.#bound) continue;
      batches.push(...this.#late(stream, lane), ...this.#due(stream, lane, size));
    }
    if (batches.length) this.#wire.say({ type: "sync", batches });
    return batches.length > 0;
  }

  #due(stream: ModelStream, lane: Lane, size: number): Batch[] {
    const from = lane.sentTo;
    const room = Math.max(0, Math.min(size, WINDOW - lane.window.size));
    const ops: Batch["ops"] = [];
    let to = from;
    for (const op of stream.ops) {
      if (op.id <= from) continue;
      if (ops.length >= room && !op.heldBack && !op.gone && !op.acked) break;
      to = op.id;
      if (op.heldBack) op.owed = true;
      if (op.heldBack || op.gone || op.acked) continue;
      lane.window.set(op.id, { op, late: false });
      ops.push(wireOp(op));
    }
    if (to === from) return [];
    lane.sentTo = to;
    return [{ scope: stream.scope, biz: stream.biz, from, to, ops }];
  }

  #late(stream: ModelStream, lane: Lane): Batch[] {
    const late = stream.ops.filter((op) =>
      op.id <= lane.sentTo && !op.heldBack && !op.acked && !op.gone && !lane.window.has(op.id)
    );
    for (const op of late) lane.window.set(op.id, { op, late: true });
    return late.length ? [{ scope: stream.scope, biz: stream.biz, late: true, ops: late.map(wireOp) }] : [];
  }

  /** The ack timer fired for everything in flight. */
  retry(): void {
    if (!this.connected || !this.#wire) return;
    const batches: Batch[] = [];
    for (const [stream, lane] of this.#lanes) {
      if (!lane.window.size) continue;
      const ops = [...lane.window.values()].map(({ op }) => wireOp(op));
      batches.push({ scope: stream.scope, biz: stream.biz, from: lane.sentTo, to: lane.sentTo, ops });
    }
    if (batches.length) this.#wire.say({ type: "sync", batches });
  }

  /** Gives up the oldest op in flight of each stream, or, with nobody connected, the oldest that is not acked. */
  giveUp(): void {
    if (!this.connected || !this.#wire) {
      for (const stream of this.streams) {
        const op = stream.ops.find((op) => !op.acked && !op.gone && !op.heldBack);
        if (op) op.gone = true;
      }
      return;
    }
    const batches: Batch[] = [];
    for (const [stream, lane] of this.#lanes) {
      const [first] = lane.window;
      if (!first) continue;
      lane.window.delete(first[0]);
      first[1].op.gone = true;
      batches.push({
        scope: stream.scope,
        biz: stream.biz,
        from: lane.sentTo,
        to: lane.sentTo,
        ops: [],
        gone: [first[0]],
      });
    }
    if (batches.length) this.#wire.say({ type: "sync", batches });
  }
}

function wireOp(op: ModelOp): Batch["ops"][number] {
  return { id: op.id, mid: `m-${op.id}`, at: 1_700_000_000_000, pl: `p-${op.id}` };
}
