/**
 * A client that keeps to docs/protocol.md, without its socket: frames go in, frames to send come out. It is written from
 * the document and shares nothing with the SDK, so that one does not hide what is wrong with the other.
 */
import type { Batch, ClientFrame, Op, Point, Scope, ServerFrame } from "../../src/protocol.ts";
import { type Binding, type Kept, type Live, newKept, newLive, ofUser, type WireEvents } from "./wire_state.ts";

export class Wire {
  readonly #events: WireEvents;
  readonly #device: string;
  readonly #kept = new Map<string, Kept>();
  #live = new Map<string, Live>();
  #epoch: string | null = null;
  #binding: Binding = { userId: null, n: 0, pending: false };
  #welcomed = false;
  #pings = 0;
  /** Acks sent before each ping that was not answered yet. */
  #unsettled: { n: number; ids: [Live, number][] }[] = [];
  #sinceAck: [Live, number][] = [];
  /** Ops that came again, as DLV-8 allows. */
  repeats = 0;

  constructor(device: string, events: WireEvents) {
    this.#device = device;
    this.#events = events;
  }

  get welcomed(): boolean {
    return this.#welcomed;
  }

  /** A new connection begins. @returns what its `hello` says of points, epoch and user */
  hello(userId: string | null): { epoch?: string; points: Point[]; user?: { userId: string; points: Point[] } } {
    this.#live = new Map();
    this.#unsettled = [];
    this.#sinceAck = [];
    this.#welcomed = false;
    this.#binding = { userId, n: this.#binding.n, pending: false };
    return {
      ...(this.#epoch === null ? {} : { epoch: this.#epoch }),
      points: this.#points(this.#device, false),
      ...(userId === null ? {} : { user: { userId, points: this.#points(userId, true) } }),
    };
  }

  /** Another user, or nobody. @returns the frame to send */
  bind(userId: string | null): ClientFrame {
    for (const key of this.#live.keys()) if (ofUser(key.split(" ")[0] as Scope)) this.#live.delete(key);
    const n = this.#binding.n + 1;
    this.#binding = { userId, n, pending: true };
    if (userId === null) return { type: "unbind", n };
    return { type: "bind", n, userId, sessionId: `s-${userId}-${n}`, points: this.#points(userId, true) };
  }

  /** Takes in a frame. @returns false when the connection must be closed with 4000 */
  take(frame: ServerFrame): boolean {
    switch (frame.type) {
      case "welcome":
        this.#welcome(frame.epoch);
        return true;
      case "bound":
        if (frame.n === this.#binding.n) this.#binding.pending = false;
        return true;
      case "reset":
        this.#reset(frame.points);
        return true;
      case "pong":
        this.#pong(frame.n);
        return true;
      case "sync":
        return frame.batches.every((batch) => this.#batch(batch));
      case "error":
        this.#events.problem(`told an error: ${frame.code} ${frame.message}`);
        return true;
      default:
        return true;
    }
  }

  /** What can be acknowledged now, and sometimes a ping behind it, whose pong says that the server knows. */
  acks({ all = false, ping = false } = {}): ClientFrame[] {
    const frames: ClientFrame[] = [];
    if (!this.#welcomed) return frames;
    for (const [key, live] of this.#live) {
      const [scope, biz, subject] = key.split(" ") as [Scope, string, string];
      if (ofUser(scope) && (this.#binding.pending || this.#binding.userId !== subject)) continue;
      const frame = this.#ack({ scope, biz, subject, live }, all);
      if (frame) frames.push(frame);
    }
    if (ping && this.#sinceAck.length > 0) {
      this.#unsettled.push({ n: ++this.#pings, ids: this.#sinceAck });
      this.#sinceAck = [];
      frames.push({ type: "ping", n: this.#pings });
    }
    return frames;
  }

  #ack(about: { scope: Scope; biz: string; subject: string; live: Live }, all: boolean): ClientFrame | null {
    const { scope, biz, subject, live } = about;
    const kept = this.#keptOf(scope, biz, subject);
    const withheld = (id: number) => !all && this.#withheld.has(`${scope} ${biz} ${subject} ${id}`);
    const ready: number[] = [];
    let point = live.cursor;
    for (const id of live.open) {
      if (!withheld(id)) ready.push(id);
      else if (!live.late.has(id)) point = Math.min(point, id - 1);
    }
    const ids = ready.filter((id) => live.late.has(id) || id > point);
    for (const id of ready) {
      live.open.delete(id);
      live.carried.set(id, "acked");
      this.#sinceAck.push([live, id]);
      if (!kept.acked.has(id)) this.#events.acked({ biz, subject, id });
      kept.acked.add(id);
    }
    const moves = point > live.acked;
    if (!moves && ids.length === 0) return null;
    live.acked = Math.max(live.acked, point);
    kept.point = Math.max(kept.point, point);
    return { type: "ack", scope, biz, ...(moves ? { id: point } : {}), ...(ids.length > 0 ? { ids } : {}) };
  }

  readonly #withheld = new Set<string>();

  #batch(batch: Batch): boolean {
    const { scope, biz } = batch;
    if (!this.#welcomed) this.#events.problem(`${biz}: a batch before the welcome`);
    if (ofUser(scope) && this.#binding.pending) return true;
    if (ofUser(scope) && this.#binding.userId === null) {
      this.#events.problem(`${biz}: a batch of ${scope}, and nobody is bound`);
      return true;
    }
    const subject = ofUser(scope) ? this.#binding.userId! : this.#device;
    const about = { scope, biz, subject };
    if (batch.late) {
      for (const op of batch.ops) this.#op(about, op, "late");
      return true;
    }
    const { from, to } = batch;
    if (from === undefined || to === undefined) {
      for (const op of batch.ops) this.#events.arrived({ ...about, op, late: false });
      return true;
    }
    const live = this.#liveOf(scope, biz, subject);
    if (live.cursor < from) {
      this.#events.problem(`${biz} of ${subject}: a gap, from ${from} with the cursor at ${live.cursor}`);
      return false;
    }
    if (from < live.cursor) {
      this.#events.problem(`${biz} of ${subject}: an interval from ${from}, the last one ended at ${live.cursor}`);
    }
    if (to < from) this.#events.problem(`${biz} of ${subject}: from ${from} to ${to}`);
    let last = from;
    for (const op of batch.ops) {
      if (from === to) this.#op(about, op, "again");
      else {
        if (op.id <= last || op.id > to) {
          this.#events.problem(`${biz} of ${subject}: id ${op.id} after ${last} in the interval from ${from} to ${to}`);
        }
        last = op.id;
        this.#op(about, op, "new");
      }
    }
    live.cursor = Math.max(live.cursor, to);
    for (const id of batch.gone ?? []) live.open.delete(id);
    return true;
  }

  #op(about: { scope: Scope; biz: string; subject: string }, op: Op, how: "new" | "late" | "again"): void {
    const { scope, biz, subject } = about;
    const live = this.#liveOf(scope, biz, subject), kept = this.#keptOf(scope, biz, subject);
    const say = (what: string) => this.#events.problem(`${biz} of ${subject}: id ${op.id} ${what}`);
    const state = live.carried.get(op.id);
    if (state === "settled") say("came again on the connection that had acknowledged it");
    if (how === "again" && state === undefined) say("is sent as if again, and never came on this connection");
    if (how === "late" && state === undefined && op.id > live.cursor) say(`is late, above the cursor ${live.cursor}`);
    if (how === "late") live.late.add(op.id);
    // acknowledged here and on its way: acknowledged again
    live.carried.set(op.id, "open");
    live.open.add(op.id);
    if (kept.seen.has(op.id)) {
      this.repeats++;
      return;
    }
    kept.seen.add(op.id);
    if (this.#events.withholds(op)) this.#withheld.add(`${scope} ${biz} ${subject} ${op.id}`);
    this.#events.arrived({ ...about, op, late: how === "late" });
  }

  #welcome(epoch: string): void {
    this.#welcomed = true;
    if (this.#epoch !== null && this.#epoch !== epoch) this.#events.problem(`the epoch changed to ${epoch}`);
    this.#epoch = epoch;
  }

  /** Only a database that lost something says this, and none does here. */
  #reset(points: readonly Point[]): void {
    this.#events.problem(`reset to ${JSON.stringify(points)}`);
    const told = new Map(points.map(([scope, biz, id]) => [`${scope} ${biz}`, id]));
    for (const [key, kept] of this.#kept) {
      const [scope, biz, subject] = key.split(" ") as [Scope, string, string];
      if (ofUser(scope) && subject !== this.#binding.userId) continue;
      kept.point = told.get(`${scope} ${biz}`) ?? 0;
      this.#live.delete(key);
    }
  }

  #pong(n: number): void {
    const at = this.#unsettled.findIndex((ping) => ping.n === n);
    for (const { ids } of this.#unsettled.splice(0, at + 1)) {
      for (const [live, id] of ids) if (live.carried.get(id) === "acked") live.carried.set(id, "settled");
    }
  }

  #points(subject: string, user: boolean): Point[] {
    const points: Point[] = [];
    for (const [key, { point }] of this.#kept) {
      const [scope, biz, owner] = key.split(" ") as [Scope, string, string];
      if (ofUser(scope) === user && owner === subject && point > 0) points.push([scope, biz, point]);
    }
    return points;
  }

  #keptOf(scope: Scope, biz: string, subject: string): Kept {
    const key = `${scope} ${biz} ${subject}`;
    const known = this.#kept.get(key) ?? newKept();
    this.#kept.set(key, known);
    return known;
  }

  #liveOf(scope: Scope, biz: string, subject: string): Live {
    const key = `${scope} ${biz} ${subject}`;
    const { point } = this.#keptOf(scope, biz, subject);
    const live = this.#live.get(key) ?? newLive(point);
    this.#live.set(key, live);
    return live;
  }
}
