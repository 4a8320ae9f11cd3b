import { backoff, closeAction, parseHints } from "../../../sdk/core/close.ts";
import { DEFAULT_TIMING } from "../../../sdk/options.ts";
import { type Batch, type Point, PROTOCOL_VERSION, type ServerFrame } from "../../../src/protocol.ts";
import { type Address, type Ended, Wire } from "./wire.ts";

/** What a phone tells its fleet. */
export interface PhoneEvents {
  welcomed(phone: Phone): void;
  /** An op that was not there yet. `id` 0: not persistent. */
  arrived(mid: string, id: number, scope: Batch["scope"]): void;
  /** Something the protocol rules out. */
  violated(what: string): void;
  ended(phone: Phone, ended: Ended): void;
}

export type PhoneOptions = {
  deviceId: string;
  userId: string;
  /** The servers, the preferred one first; the next is taken when one does not answer, as a load balancer does. */
  addresses: readonly Address[];
  /** After so long online, ms, the next reconnect counts as the first again. @default the SDK's */
  stableMs?: number;
  /** Its apps report nothing received: everything is sent again until the server gives it up. */
  silent?: boolean;
  events: PhoneEvents;
};

/**
 * A client as thin as it can be that keeps the protocol: cursors, acknowledgements, intervals, reconnects as the SDK
 * makes them. It reports everything received at once, so its points are its cursors.
 */
export class Phone {
  readonly #o: PhoneOptions;
  readonly #points = new Map<string, Map<string, { point: Point; seen: Set<number> }>>();
  #userId: string;
  #preferred = 0;
  #epoch: string | undefined;
  #seq = Date.now();
  #n = 0;
  /** The answer to a bind that is awaited: batches of users are dropped until it comes. */
  #binding: number | null = null;
  #attempt = 0;
  #wire: Wire | null = null;
  #welcomedAt: number | null = null;
  #stopped = false;
  #wake: () => void = () => {};
  foreground = true;

  constructor(options: PhoneOptions) {
    this.#o = options;
    this.#userId = options.userId;
  }

  get online(): boolean {
    return this.#welcomedAt !== null;
  }

  /** Connects, and again whenever the connection is lost, until it is stopped. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const ended = await this.#live();
      const lived = this.#welcomedAt === null ? 0 : Date.now() - this.#welcomedAt;
      this.#welcomedAt = this.#wire = null;
      if (this.#stopped) return;
      this.#o.events.ended(this, ended);
      if (closeAction(ended.code) !== "retry") return this.#o.events.violated(`closed with ${ended.code}`);
      if (lived >= (this.#o.stableMs ?? DEFAULT_TIMING.stableMs)) this.#attempt = 0;
      if (ended.code === 1001) this.#preferred++;
      const hint = parseHints(ended.reason).retryAfterMs ?? 0;
      const drawn = backoff(this.#attempt, Math.random(), DEFAULT_TIMING);
      if (hint === 0) this.#attempt++;
      await this.#sleep(Math.max(drawn, hint));
    }
  }

  /** Loses the connection as in a tunnel; the phone comes back by itself. */
  drop(): void {
    this.#wire?.cut();
  }

  stop(): void {
    this.#stopped = true;
    this.#wire?.cut();
    this.#wake();
  }

  /** Another user logs in. */
  bind(userId: string): void {
    this.#userId = userId;
    this.#binding = ++this.#n;
    if (this.#o.silent) this.#points.delete(userId);
    const points = this.#pointsOf(userId);
    this.#send({ type: "bind", n: this.#n, userId, sessionId: `s-${userId}`, points });
  }

  setForeground(foreground: boolean): void {
    this.foreground = foreground;
    if (this.online) this.#send({ type: foreground ? "foreground" : "background" });
  }

  /** One connection from the first packet to its end; one that brings no welcome in time is given up. */
  async #live(): Promise<Ended> {
    const late = setTimeout(() => !this.online && this.#wire?.cut(), DEFAULT_TIMING.connectMs);
    try {
      const wire = await this.#connect();
      return wire ? await this.#talk(wire) : { code: 1006, reason: "" };
    } finally {
      clearTimeout(late);
    }
  }

  async #talk(wire: Wire): Promise<Ended> {
    this.#binding = null;
    // what was not reported is not in the points of a hello
    if (this.#o.silent) this.#points.clear();
    this.#seq = Math.max(this.#seq + 1, Date.now());
    this.#send({
      type: "hello",
      protocol: PROTOCOL_VERSION,
      seq: this.#seq,
      instanceId: "default_demo",
      deviceId: this.#o.deviceId,
      os: "android",
      appVersion: "1.2.0",
      foreground: this.foreground,
      ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
      points: this.#pointsOf(""),
      user: { userId: this.#userId, sessionId: `s-${this.#userId}`, points: this.#pointsOf(this.#userId) },
    });
    return await wire.run((text) => this.#frame(JSON.parse(text)));
  }

  /** The preferred server, or another one that listens. */
  async #connect(): Promise<Wire | null> {
    const { addresses } = this.#o;
    for (let turn = 0; turn < addresses.length; turn++) {
      try {
        const address = addresses[(this.#preferred + turn) % addresses.length]!;
        return await Wire.open(address, "/sync", (wire) => this.#wire = wire);
      } catch {
        // nobody there: the next one
      }
      if (this.#stopped) return null;
    }
    return null;
  }

  #frame(frame: ServerFrame): void {
    switch (frame.type) {
      case "welcome":
        if (this.#epoch !== undefined && this.#epoch !== frame.epoch) this.#o.events.violated("another epoch");
        this.#epoch = frame.epoch;
        this.#welcomedAt = Date.now();
        return this.#o.events.welcomed(this);
      case "ping":
        return this.#send({ type: "pong", n: frame.n });
      case "bound":
        if (frame.n === this.#binding) this.#binding = null;
        return;
      case "sync":
        for (const batch of frame.batches) this.#batch(batch);
        return;
      case "reset":
      case "error":
        return this.#o.events.violated(JSON.stringify(frame));
    }
  }

  #batch(batch: Batch): void {
    const { scope, biz, from, to, late, ops } = batch;
    const ofUser = scope === "user" || scope === "globalUser";
    if (ofUser && this.#binding !== null) return;
    const { arrived, violated } = this.#o.events;
    if (late) {
      const { seen } = this.#stream(batch);
      for (const { mid, id } of ops) if (!seen.has(id)) seen.add(id), arrived(mid, id, scope);
      return this.#send({ type: "ack", scope, biz, ids: ops.map(({ id }) => id) });
    }
    if (from === undefined || to === undefined) {
      for (const { mid } of ops) arrived(mid, 0, scope);
      return;
    }
    const { point, seen } = this.#stream(batch);
    if (point[2] < from) violated(`${scope} ${biz}: ${point[2]} is before ${from}`);
    let last = 0;
    for (const { mid, id } of ops) {
      if (id <= last) violated(`${scope} ${biz}: ${id} after ${last}`);
      last = id;
      if (id > point[2]) seen.add(id), arrived(mid, id, scope);
    }
    point[2] = Math.max(point[2], to);
    if (ops.length > 0) this.#send({ type: "ack", scope, biz, id: point[2] });
  }

  #stream({ scope, biz }: Batch): { point: Point; seen: Set<number> } {
    const owner = scope === "user" || scope === "globalUser" ? this.#userId : "";
    let streams = this.#points.get(owner);
    if (!streams) this.#points.set(owner, streams = new Map());
    const key = `${scope} ${biz}`;
    let stream = streams.get(key);
    if (!stream) streams.set(key, stream = { point: [scope, biz, 0], seen: new Set() });
    return stream;
  }

  #pointsOf(owner: string): Point[] {
    return [...this.#points.get(owner)?.values() ?? []].map(({ point }) => point).filter((point) => point[2] > 0);
  }

  #send(frame: { type: string; [field: string]: unknown }): void {
    if (frame.type === "ack" && this.#o.silent) return;
    this.#wire?.send(JSON.stringify(frame));
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => (clearTimeout(timer), resolve());
    });
  }
}
