/**
 * What each device should have received, in the simplest way: everything is decided anew after every step, nothing is
 * asynchronous, nothing is lost. It knows the rules (docs/spec.md), and nothing of how the server keeps them.
 */

export type ModelConfig = {
  scope: "single" | "global";
  target: "user" | "device";
  multiDevice: boolean;
  persistent: boolean;
  retentionDays: number;
  threshold: number | null;
  consistency: boolean;
  online: boolean;
};

export type Filter = { os?: string; min?: number; max?: number };
export type ModelOp = Filter & { id: number; mid: string; at: number; expires: number; dropped: boolean };
export type ModelClient = { os: string; version: number };

/** One stream on one session. */
export type ModelLane = {
  biz: string;
  owner: string;
  /** Whom a copy is for: the device, the user on the device, or the whole user. */
  target: Target;
  start: number;
  readTo: number;
  /** Global streams: up to the head at the last foreground. */
  until: number;
  awake: boolean;
  lateDone: boolean;
  /** Everything that was to be sent here. */
  sent: Set<number>;
  /** Of that, what is not acknowledged; `late` of what came late. */
  open: Set<number>;
  late: Set<number>;
  /** What the client was to be told not to wait for. */
  gone: Set<number>;
};

export type Target = {
  owed: Set<number>;
  discarded: Set<number>;
  /** Sent and not answered, whether or not a session lives. */
  waiting: Set<number>;
  point: number;
};

export type ModelSession = {
  device: string;
  client: ModelClient;
  foreground: boolean;
  user: string | null;
  boundAt: number;
  /** null: not asked. */
  valid: boolean | null;
  lanes: Map<string, ModelLane>;
  /** mids of not persistent pushes. */
  volatile: string[];
};

const DAY = 86_400_000;
const ROW_DAYS = 30;

export class Model {
  readonly sessions = new Map<string, ModelSession>();
  readonly arrived = new Set<string>();
  /** What the tenant says of a user. */
  readonly tenant = new Map<string, boolean>();
  readonly #streams = new Map<string, ModelOp[]>();
  readonly #heads = new Map<string, number>();
  readonly #targets = new Map<string, Target>();
  #binds = 0;

  constructor(readonly configs: ReadonlyMap<string, ModelConfig>, readonly now: () => number) {}

  ops(biz: string, owner: string): ModelOp[] {
    return this.#streams.get(`${biz} ${owner}`) ?? [];
  }

  streams(): { biz: string; owner: string; ops: ModelOp[] }[] {
    return [...this.#streams].map(([key, ops]) => {
      const [biz, owner] = key.split(" ") as [string, string];
      return { biz, owner, ops };
    });
  }

  alive(op: ModelOp, biz: string): boolean {
    return Math.min(op.expires, op.at + this.configs.get(biz)!.retentionDays * DAY) > this.now();
  }

  isShared(biz: string): boolean {
    const config = this.configs.get(biz)!;
    return config.scope === "single" && config.target === "user" && !config.multiDevice && config.persistent;
  }

  allowed(session: ModelSession, biz: string): boolean {
    const config = this.configs.get(biz)!;
    if (!config.online || (config.target === "user" && session.user === null)) return false;
    return !config.consistency || session.valid === true;
  }

  /** Whether a push would be answered SUCCESS now. */
  eligible(biz: string, owner: string, filter: Filter): boolean {
    return this.#sessionsOf(biz, owner).some((session) => this.allowed(session, biz) && admits(filter, session.client));
  }

  connect(device: string, client: ModelClient, foreground: boolean, points: ReadonlyMap<string, number>): ModelSession {
    this.end(device);
    const session: ModelSession = {
      device,
      client,
      foreground,
      user: null,
      boundAt: 0,
      valid: null,
      lanes: new Map(),
      volatile: [],
    };
    this.sessions.set(device, session);
    this.#open(session, "device", device, points);
    return session;
  }

  bind(session: ModelSession, user: string, points: ReadonlyMap<string, number>): void {
    this.unbind(session);
    session.user = user;
    session.boundAt = ++this.#binds;
    this.#ask(session);
    this.#open(session, "user", user, points);
  }

  unbind(session: ModelSession): void {
    session.user = null;
    session.valid = null;
    for (const biz of [...session.lanes.keys()]) {
      if (this.configs.get(biz)!.target === "user") session.lanes.delete(biz);
    }
  }

  end(device: string): void {
    this.sessions.delete(device);
  }

  setForeground(session: ModelSession, foreground: boolean): void {
    session.foreground = foreground;
    for (const lane of session.lanes.values()) this.#wake(session, lane);
  }

  pushed(biz: string, owner: string, op: ModelOp): void {
    const key = `${biz} ${owner}`;
    this.#streams.set(key, [...this.ops(biz, owner), op]);
    this.#heads.set(key, op.id);
  }

  /** A not persistent push (PER-2). */
  volatile(biz: string, owner: string, filter: Filter, mid: string): void {
    const takers = this.#sessionsOf(biz, owner)
      .filter((session) => this.allowed(session, biz) && admits(filter, session.client));
    const chosen = this.configs.get(biz)!.multiDevice ? takers : takers.slice(0, 1);
    for (const session of chosen) session.volatile.push(mid);
  }

  head(biz: string, owner: string): number {
    return this.#heads.get(`${biz} ${owner}`) ?? 0;
  }

  /** By point (`upTo`) or by ids, on the session where they were sent. @returns what it settled */
  ack(lane: ModelLane, { upTo, ids }: { upTo?: number; ids?: readonly number[] }): number[] {
    const acked = [...lane.open].filter((id) =>
      ids ? ids.includes(id) : upTo !== undefined && id <= upTo && !lane.late.has(id)
    );
    for (const id of acked) {
      lane.open.delete(id);
      lane.target.waiting.delete(id);
      lane.target.owed.delete(id);
      this.arrived.add(`${lane.biz} ${lane.owner} ${id}`);
      if (this.isShared(lane.biz)) lane.target.discarded.add(id);
    }
    if (upTo !== undefined) lane.target.point = Math.max(lane.target.point, upTo);
    return acked;
  }

  /** After the last unanswered retry (DLV-6). */
  discard(lane: ModelLane, id: number): void {
    lane.open.delete(id);
    lane.gone.add(id);
    lane.target.waiting.delete(id);
    lane.target.owed.delete(id);
    lane.target.discarded.add(id);
  }

  /** Brings everything to rest: drops, sends, hands over. */
  settle(): void {
    for (const [key, ops] of this.#streams) {
      const kept = ops.filter((op, index) => op.at + ROW_DAYS * DAY > this.now() || index === ops.length - 1);
      this.#streams.set(key, kept);
    }
    for (const session of this.sessions.values()) {
      if (session.user !== null && session.valid === null) this.#ask(session);
      for (const lane of session.lanes.values()) this.#expire(session, lane);
    }
    this.#enforce();
    for (const session of this.sessions.values()) {
      for (const lane of session.lanes.values()) if (!this.isShared(lane.biz)) this.#pump(session, lane);
    }
    for (const { biz, owner, ops } of this.streams()) if (this.isShared(biz)) this.#assign(biz, owner, ops);
    this.#enforce();
  }

  #sessionsOf(biz: string, owner: string): ModelSession[] {
    const { target } = this.configs.get(biz)!;
    return [...this.sessions.values()].filter((s) => (target === "user" ? s.user : s.device) === owner)
      .sort((a, b) => b.boundAt - a.boundAt);
  }

  /** SES-2: asked when a config that wants it is online. */
  #ask(session: ModelSession): void {
    const wanted = [...this.configs.values()].some((config) => config.consistency && config.online);
    session.valid = wanted ? this.tenant.get(session.user!) ?? true : null;
  }

  #open(session: ModelSession, kind: "user" | "device", subject: string, points: ReadonlyMap<string, number>): void {
    for (const [biz, config] of this.configs) {
      if (config.target !== kind || !config.persistent) continue;
      const global = config.scope === "global";
      const start = points.get(biz) ?? 0;
      const owner = global ? "" : subject;
      const target = this.#target(`${biz} ${subject} ${kind === "user" && !this.isShared(biz) ? session.device : ""}`);
      const lane: ModelLane = {
        biz,
        owner,
        target,
        start,
        readTo: start,
        until: global ? start : Infinity,
        awake: !global,
        lateDone: false,
        sent: new Set(),
        open: new Set(),
        late: new Set(),
        gone: new Set(),
      };
      session.lanes.set(biz, lane);
      if (!this.isShared(biz)) this.#credit(session, lane);
      this.#wake(session, lane);
    }
  }

  /** A reported point counts as an acknowledgement of the eligible ops it covers, except those still owed (PT-2). */
  #credit({ client }: ModelSession, { biz, owner, target, start }: ModelLane): void {
    for (const op of this.ops(biz, owner)) {
      if (op.id > start || target.owed.has(op.id) || target.discarded.has(op.id)) continue;
      if (!this.alive(op, biz) || op.dropped || (op.id <= target.point && !target.waiting.has(op.id))) continue;
      if (admits(op, client)) this.arrived.add(`${biz} ${owner} ${op.id}`);
      target.waiting.delete(op.id);
    }
    target.point = Math.max(target.point, start);
    // what lies above is decided on anew
    for (const id of target.owed) if (id > start) target.owed.delete(id);
  }

  #wake(session: ModelSession, lane: ModelLane): void {
    if (!session.foreground || this.configs.get(lane.biz)!.scope !== "global") return;
    lane.awake = true;
    lane.until = Math.max(lane.until, this.head(lane.biz, ""));
  }

  #expire(session: ModelSession, lane: ModelLane): void {
    if (!this.allowed(session, lane.biz)) return;
    for (const id of lane.open) {
      const op = this.ops(lane.biz, lane.owner).find((one) => one.id === id);
      if (op && this.alive(op, lane.biz)) continue;
      lane.open.delete(id);
      lane.target.waiting.delete(id);
      lane.gone.add(id);
    }
  }

  /** THR-1: the newest N are kept, and what was sent and not answered. */
  #enforce(): void {
    for (const { biz, owner, ops } of this.streams()) {
      const { threshold } = this.configs.get(biz)!;
      if (threshold === null) continue;
      for (const op of ops.slice(0, -threshold)) {
        if (!this.alive(op, biz)) continue;
        const waited = [...this.#targets].some(([key, target]) => {
          const [ofBiz, subject] = key.split(" ");
          return ofBiz === biz && (owner === "" || subject === owner) && target.waiting.has(op.id);
        });
        if (!waited) op.dropped = true;
      }
    }
  }

  /** Whether the op is there for this target now. */
  #kept(biz: string, owner: string, op: ModelOp, target: Target): boolean {
    if (op.dropped || !this.alive(op, biz) || target.discarded.has(op.id)) return false;
    const { threshold } = this.configs.get(biz)!;
    return threshold === null || target.waiting.has(op.id) || this.ops(biz, owner).slice(-threshold).includes(op);
  }

  #pump(session: ModelSession, lane: ModelLane): void {
    if (!this.allowed(session, lane.biz)) return;
    const { biz, owner, target } = lane;
    const ops = this.ops(biz, owner);
    if (lane.awake && !lane.lateDone) {
      lane.lateDone = true;
      for (const op of ops) {
        if (op.id > lane.start || !target.owed.has(op.id) || !admits(op, session.client)) continue;
        if (this.#kept(biz, owner, op, target)) this.#send(lane, op.id, true);
      }
    }
    const limit = Math.min(lane.until, this.head(biz, owner));
    for (const op of ops) {
      if (op.id <= lane.readTo || op.id > limit || !this.#kept(biz, owner, op, target)) continue;
      if (admits(op, session.client)) this.#send(lane, op.id, false);
      else target.owed.add(op.id);
    }
    lane.readTo = Math.max(lane.readTo, limit);
  }

  /** DEV-2: what nobody holds goes to the eligible session that was bound last. */
  #assign(biz: string, owner: string, ops: readonly ModelOp[]): void {
    const sessions = this.#sessionsOf(biz, owner);
    for (const op of ops) {
      if (sessions.some((session) => session.lanes.get(biz)!.open.has(op.id))) continue;
      const taker = sessions.find((session) => this.allowed(session, biz) && admits(op, session.client));
      const lane = taker?.lanes.get(biz);
      if (!lane || !this.#kept(biz, owner, op, lane.target)) continue;
      this.#send(lane, op.id, op.id <= Math.max(lane.start, ...lane.sent));
    }
  }

  #send(lane: ModelLane, id: number, late: boolean): void {
    lane.sent.add(id);
    lane.open.add(id);
    lane.target.waiting.add(id);
    if (late) lane.late.add(id);
  }

  #target(key: string): Target {
    const known = this.#targets.get(key);
    if (known) return known;
    const made: Target = { owed: new Set(), discarded: new Set(), waiting: new Set(), point: 0 };
    this.#targets.set(key, made);
    return made;
  }
}

/** Versions of the model are whole numbers: how real ones compare is tested elsewhere (FLT-2). */
export function admits(filter: Filter, client: ModelClient): boolean {
  if (filter.os !== undefined && filter.os !== client.os) return false;
  return (filter.min ?? 0) <= client.version && client.version <= (filter.max ?? Infinity);
}
