import assert from "node:assert/strict";
import type { Batch, Point, Scope } from "../../src/protocol.ts";
import { RawClient } from "../support/client.ts";
import type { ModelClient } from "./state.ts";

/** What the installation remembers of one stream, as the SDK does. */
class Stream {
  cursor = 0;
  /** Received and not reported by the app. */
  waiting = new Set<number>();
  late = new Set<number>();
  /** Reported; never inferred from the point. */
  readonly reported = new Set<number>();

  /** What the app has reported, complete from below. */
  get point(): number {
    return this.waiting.size > 0 ? Math.min(...this.waiting) - 1 : this.cursor;
  }

  restart(): void {
    this.cursor = this.point;
    this.waiting = new Set();
    this.late = new Set();
  }
}

export type Reack = { biz: string; id: number };

const scopeKinds: Record<Scope, "user" | "device"> = {
  user: "user",
  globalUser: "user",
  device: "device",
  global: "device",
};

/** A phone with an app on it: it keeps the client's rules of docs/protocol.md, and fails when the server breaks one. */
export class Phone {
  readonly id: string;
  client: ModelClient = { os: "android", version: 1 };
  user: string | null = null;
  socket: RawClient | null = null;
  /** Ids received on this connection, or since this user was bound, by biz: how often each. */
  got = new Map<string, Map<number, number>>();
  gone = new Map<string, Set<number>>();
  volatile: string[] = [];
  /** What came since it was read last. */
  tally = { received: 0, late: 0, gone: 0, volatile: 0 };
  #streams = new Map<string, Stream>();
  #scopes = new Map<string, Scope>();
  #read = 0;
  #seq = Date.now();
  #binds = 0;

  constructor(id: string) {
    this.id = id;
  }

  stream(biz: string, kind: "user" | "device"): Stream {
    const key = `${kind === "user" ? this.user : ""} ${biz}`;
    const known = this.#streams.get(key) ?? new Stream();
    this.#streams.set(key, known);
    return known;
  }

  reinstall(): void {
    this.#streams = new Map();
  }

  /** Reported points by biz, of the device or of the user who is logged in. */
  points(kind: "user" | "device"): Map<string, number> {
    const owner = kind === "user" ? this.user : "";
    return new Map([...this.#streams].flatMap(([key, stream]) => {
      const [of, biz] = key.split(" ") as [string, string];
      return of === owner && stream.point > 0 ? [[biz, stream.point] as const] : [];
    }));
  }

  async connect(server: { syncUrl: string }, instanceId: string, foreground: boolean, scopes: Map<string, Scope>) {
    this.#scopes = scopes;
    const old = this.socket;
    for (const stream of this.#streams.values()) stream.restart();
    const socket = await RawClient.open(server.syncUrl);
    const user = this.user === null
      ? {}
      : { user: { userId: this.user, sessionId: this.#sessionId(), points: this.#wirePoints("user") } };
    socket.hello({
      instanceId,
      deviceId: this.id,
      seq: ++this.#seq,
      os: this.client.os,
      appVersion: `${this.client.version}.0`,
      foreground,
      points: this.#wirePoints("device"),
      ...user,
    });
    await socket.next("welcome");
    if (old && !old.closed) assert.equal((await old.close()).code, 4409);
    this.socket = socket;
    this.#read = 0;
    this.got = new Map();
    this.gone = new Map();
    this.volatile = [];
  }

  async drop(): Promise<void> {
    await this.socket?.[Symbol.asyncDispose]();
    this.socket = null;
  }

  async bind(user: string): Promise<void> {
    this.consume();
    this.#forgetUser();
    this.user = user;
    for (const [key, stream] of this.#streams) if (key.startsWith(`${user} `)) stream.restart();
    const n = ++this.#binds;
    const points = this.#wirePoints("user");
    this.socket!.send({ type: "bind", n, userId: user, sessionId: this.#sessionId(), points });
    await this.#bound(n);
  }

  async unbind(): Promise<void> {
    const n = ++this.#binds;
    this.socket!.send({ type: "unbind", n });
    await this.#bound(n);
    this.#forgetUser();
    this.user = null;
  }

  ack(biz: string, ack: { id?: number; ids?: number[] }): void {
    this.socket!.send({ type: "ack", scope: this.#scopes.get(biz)!, biz, ...ack });
  }

  /** Reads the frames that came. @returns ids that were reported before: the client acks them again, and has */
  consume(): Reack[] {
    const reacks: Reack[] = [];
    const { frames } = this.socket!;
    for (; this.#read < frames.length; this.#read++) {
      const frame = frames[this.#read]!;
      assert.ok(frame.type !== "reset" && frame.type !== "error", `${this.id}: ${JSON.stringify(frame)}`);
      if (frame.type !== "sync") continue;
      for (const batch of frame.batches) reacks.push(...this.#take(batch));
    }
    // who plays dead says nothing: what comes again later is acknowledged then
    if (!this.socket!.alive) return [];
    for (const { biz, id } of reacks) this.ack(biz, { ids: [id] });
    return reacks;
  }

  #take(batch: Batch): Reack[] {
    const { biz, scope, ops } = batch;
    const said = `${this.id}: ${JSON.stringify(batch)}`;
    assert.equal(scope, this.#scopes.get(biz), said);
    if (batch.from === undefined && !batch.late) {
      assert.ok(ops.every((op) => op.id === 0), said);
      this.volatile.push(...ops.map((op) => op.mid));
      this.tally.volatile += ops.length;
      return [];
    }
    const stream = this.stream(biz, scopeKinds[scope]);
    this.#checkInterval(stream, batch, said);
    stream.cursor = Math.max(stream.cursor, batch.to ?? 0);
    const gone = this.gone.get(biz) ?? new Set();
    this.gone.set(biz, gone);
    this.tally[batch.late ? "late" : "received"] += ops.length;
    this.tally.gone += batch.gone?.length ?? 0;
    for (const id of batch.gone ?? []) {
      gone.add(id);
      stream.waiting.delete(id);
      stream.late.delete(id);
    }
    const got = this.got.get(biz) ?? new Map<number, number>();
    this.got.set(biz, got);
    return ops.flatMap(({ id }) => {
      got.set(id, (got.get(id) ?? 0) + 1);
      if (stream.reported.has(id)) return [{ biz, id }];
      (batch.late ? stream.late : stream.waiting).add(id);
      return [];
    });
  }

  #checkInterval(stream: Stream, { biz, from, to, late, ops }: Batch, said: string): void {
    const ids = ops.map((op) => op.id);
    assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b), `ids rise: ${said}`);
    const known = this.got.get(biz);
    if (late) return assert.ok(ids.every((id) => id <= stream.cursor), `late lies at or below the cursor: ${said}`);
    assert.ok(from! <= stream.cursor && from! <= to!, `nothing is missing before (cursor ${stream.cursor}): ${said}`);
    for (const id of ids) {
      assert.ok((from! < id && id <= to!) || known?.has(id), `in the interval, or a repeat: ${said}`);
    }
  }

  #forgetUser(): void {
    for (const [biz, scope] of this.#scopes) {
      if (scopeKinds[scope] === "user") this.got.delete(biz), this.gone.delete(biz);
    }
  }

  /** Waits for the answer to a bind; what comes before it is the old user's, and dropped. */
  async #bound(n: number): Promise<void> {
    const { frames } = this.socket!;
    const find = () => frames.findIndex((frame) => frame.type === "bound" && frame.n === n);
    await this.socket!.until(() => find() >= 0);
    const at = find();
    for (; this.#read < at; this.#read++) {
      const frame = frames[this.#read]!;
      if (frame.type !== "sync") continue;
      for (const batch of frame.batches) if (scopeKinds[batch.scope] === "device") this.#take(batch);
    }
  }

  #sessionId(): string {
    return crypto.randomUUID();
  }

  #wirePoints(kind: "user" | "device"): Point[] {
    return [...this.points(kind)].map(([biz, point]) => [this.#scopes.get(biz)!, biz, point]);
  }
}
