/**
 * What each device should have received, in the simplest way: everything is decided anew after every step, nothing is
 * asynchronous, nothing is lost. It knows the rules (docs/spec.md), and nothing of how the server keeps them.
 */

import { ModelLog } from "./model_log.ts";
import {
  admits,
  type Filter,
  type ModelAck,
  type ModelClient,
  type ModelConfig,
  type ModelLane,
  type ModelOp,
  type ModelSession,
  newLane,
} from "./state.ts";

export class Model {
  readonly sessions = new Map<string, ModelSession>();
  readonly arrived = new Set<string>();
  /** What the tenant says of a user. */
  readonly tenant = new Map<string, boolean>();
  readonly log: ModelLog;
  #binds = 0;

  constructor(readonly configs: ReadonlyMap<string, ModelConfig>, now: () => number) {
    this.log = new ModelLog(configs, now);
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

  /** A not persistent push (PER-2). */
  volatile(biz: string, owner: string, filter: Filter, mid: string): void {
    const takers = this.#sessionsOf(biz, owner)
      .filter((session) => this.allowed(session, biz) && admits(filter, session.client));
    const chosen = this.configs.get(biz)!.multiDevice ? takers : takers.slice(0, 1);
    for (const session of chosen) session.volatile.push(mid);
  }

  /**
   * By point (`upTo`) or by ids, on the session where they were sent. Ids move the point over what is complete from below;
   * `cursor`: the client has received everything up to here. @returns what it settled
   */
  ack(lane: ModelLane, { upTo, ids, cursor = 0 }: ModelAck): number[] {
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
    const rest = [...lane.open].filter((id) => !lane.late.has(id));
    const complete = acked.some((id) => !lane.late.has(id)) ? Math.min(cursor, ...rest.map((id) => id - 1)) : 0;
    lane.target.point = Math.max(lane.target.point, upTo ?? complete);
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
    this.log.forgetOld();
    for (const session of this.sessions.values()) {
      if (session.user !== null && session.valid === null) this.#ask(session);
      for (const lane of session.lanes.values()) this.#expire(session, lane);
    }
    this.log.enforceThresholds();
    for (const session of this.sessions.values()) {
      for (const lane of session.lanes.values()) if (!this.isShared(lane.biz)) this.#pump(session, lane);
    }
    for (const { biz, owner, ops } of this.log.streams()) if (this.isShared(biz)) this.#assign(biz, owner, ops);
    this.log.enforceThresholds();
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
      const device = kind === "user" && !this.isShared(biz) ? session.device : "";
      const lane = newLane(biz, owner, this.log.target(biz, subject, device), start, global);
      session.lanes.set(biz, lane);
      if (!this.isShared(biz)) this.#credit(session, lane);
      this.#wake(session, lane);
    }
  }

  /** A reported point counts as an acknowledgement of the eligible ops it covers, except those still owed (PT-2). */
  #credit({ client }: ModelSession, { biz, owner, target, start }: ModelLane): void {
    for (const op of this.log.ops(biz, owner)) {
      if (op.id > start || target.owed.has(op.id) || target.discarded.has(op.id)) continue;
      if (!this.log.alive(op, biz) || op.dropped || (op.id <= target.point && !target.waiting.has(op.id))) continue;
      if (admits(op, client)) this.arrived.add(`${biz} ${owner} ${op.id}`);
      target.waiting.delete(op.id);
    }
    target.point = Math.max(target.point, start);
  }

  #wake(session: ModelSession, lane: ModelLane): void {
    if (!session.foreground || this.configs.get(lane.biz)!.scope !== "global") return;
    lane.awake = true;
    lane.until = Math.max(lane.until, this.log.head(lane.biz, ""));
  }

  #expire(session: ModelSession, lane: ModelLane): void {
    if (!this.allowed(session, lane.biz)) return;
    for (const id of lane.open) {
      const op = this.log.op(lane.biz, lane.owner, id);
      if (op && this.log.alive(op, lane.biz)) continue;
      lane.open.delete(id);
      lane.target.waiting.delete(id);
      lane.gone.add(id);
    }
  }

  #pump(session: ModelSession, lane: ModelLane): void {
    if (!this.allowed(session, lane.biz)) return;
    const { biz, owner, target } = lane;
    const ops = this.log.ops(biz, owner);
    if (lane.awake && !lane.lateDone) {
      lane.lateDone = true;
      for (const op of ops) {
        if (op.id > lane.start || !target.owed.has(op.id) || !admits(op, session.client)) continue;
        if (this.log.kept(biz, owner, op, target)) this.#send(lane, op.id, true);
      }
    }
    const limit = Math.min(lane.until, this.log.head(biz, owner));
    for (const op of ops) {
      if (op.id <= lane.readTo || op.id > limit || !this.log.kept(biz, owner, op, target)) continue;
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
      if (!lane || !this.log.kept(biz, owner, op, lane.target)) continue;
      this.#send(lane, op.id, op.id <= Math.max(lane.start, ...lane.sent));
    }
  }

  #send(lane: ModelLane, id: number, late: boolean): void {
    lane.sent.add(id);
    lane.open.add(id);
    lane.target.waiting.add(id);
    if (late) lane.late.add(id);
  }
}
