import type { Config, Instance } from "../db/catalog.ts";
import type { LoggedOp } from "../db/delivery.ts";
import type { Consistency, Scope } from "../src/protocol.ts";
import { expiryOf } from "./eligibility.ts";
import type { Connection } from "./connection.ts";
import { LaneSet } from "./lane_set.ts";
import { Mailbox } from "./mailbox.ts";
import type { UserMessage } from "./messages.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";
import type { Failed } from "./supervision.ts";
import { isShared, mayReceive, type UserSession } from "./user_session.ts";
import { UserSingles } from "./user_singles.ts";
import { stepVerdict, type VerdictEvent, verdictOf } from "./user_state.ts";

/** Asks the tenant whether a login is still good (SES-2). */
export interface Validator {
  /** Whether this instance has somebody to ask. */
  asks(instance: Instance): boolean;
  /** `reuse`: a valid answer for the same pair may be up to 60 s old. Never throws. */
  validate(instance: Instance, user: { userId: string; sessionId: string }, reuse: boolean): Promise<Consistency>;
  /** Wait before the next question after `attempt` unknown answers, ms (SES-5). */
  retryDelay(attempt: number): number;
}

export type UserActorOptions = {
  runtime: Runtime;
  instance: () => Instance;
  userId: string;
  validator: Validator;
  failed: Failed<UserMessage>;
  /** The last session has left. */
  empty: () => void;
};

/** One logged-in user: the sessions where he is bound, and his streams. Lives while there is such a session. */
export class UserActor {
  readonly #o: UserActorOptions;
  readonly #mailbox: Mailbox<UserMessage>;
  #singles: UserSingles;
  /** In the order of their binding. */
  #sessions: UserSession[] = [];

  constructor(options: UserActorOptions) {
    this.#o = options;
    this.#mailbox = new Mailbox((message) => this.#handle(message), (error, message) => options.failed(error, message));
    this.#singles = this.#newSingles();
  }

  connections(): Connection[] {
    return this.#sessions.map((session) => session.lanes.connection);
  }

  /** Whether the tenant's answer about this session is on its way. */
  asking(connectionId: string): boolean {
    return this.#find(connectionId)?.verdict.kind === "asking";
  }

  /** Whether the replay of this session has begun. */
  isOpen(connectionId: string): boolean {
    return this.#find(connectionId)?.lanes.isOpen ?? false;
  }

  /** Starts over after a failure: the streams open again when they are read anew. */
  rebuild(): void {
    this.#singles = this.#newSingles();
    for (const session of this.#sessions) {
      session.lanes.close();
      session.lanes = session.newLanes();
    }
  }

  post(message: UserMessage): void {
    this.#mailbox.post(message);
  }

  /** Binds the user on a session; its streams open when they are hydrated (message `opened`). */
  bind(session: Session, sessionId: string, reuse: boolean): void {
    const { runtime, instance, userId } = this.#o;
    const connectionId = session.connection.id;
    const newLanes = () =>
      new LaneSet({
        runtime,
        instance: instance(),
        kind: "user",
        subject: userId,
        deviceId: session.deviceId,
        connection: session.connection,
        client: session.client,
        foreground: () => session.foreground,
        allowed: (config) => mayReceive(config, bound.verdict),
        ended: (config, ids) => this.#singles.ended(config.no, ids),
        post: (event) => this.post({ type: "lanes", connectionId, event }),
      });
    const bound: UserSession = {
      connectionId,
      deviceId: session.deviceId,
      sessionId,
      verdict: { kind: "unasked" },
      released: new Map(),
      welcomed: () => session.welcomed,
      announce: (verdict) => session.verdict(userId, verdict),
      newLanes,
      lanes: newLanes(),
    };
    this.#sessions.push(bound);
    this.#verdict(bound, { type: "bound", needed: this.#needed(), reuse, token: runtime.ticket() });
  }

  verdict(connectionId: string): Consistency {
    const session = this.#find(connectionId);
    return session ? verdictOf(session.verdict) : "unknown";
  }

  /** Whether a session is eligible now for this op; it has been told, or finds it behind its replay. */
  eligible(config: Config, op: LoggedOp): boolean {
    if (expiryOf(op, config) <= this.#o.runtime.clock.now()) return false;
    return this.#sessions.some((session) => session.lanes.eligible(config, op));
  }

  /** Not persistent (PER-2): written to the eligible sessions at once, to one of them for a single-device config. */
  deliver(config: Config, op: LoggedOp): boolean {
    const eligible = this.#sessions.filter((s) => s.welcomed() && s.lanes.eligible(config, op));
    const chosen = config.multiDevice ? eligible : eligible.slice(-1);
    const scope: Scope = "user";
    for (const session of chosen) session.lanes.connection.queue({ scope, biz: config.bizType, ops: [op] });
    return chosen.length > 0;
  }

  #handle(message: UserMessage): void {
    switch (message.type) {
      case "appended":
      case "head":
        return this.#hint(message);
      case "config":
        return this.#configChanged(message.before, message.after);
      case "instance":
        return this.#recheck(message.urlChanged);
      case "page": {
        const config = this.#o.runtime.catalog.configByNo(message.config);
        return config && this.#singles.page(config, message.ticket, message.page);
      }
    }
    const session = this.#find(message.connectionId);
    if (session) this.#ofSession(session, message);
  }

  #ofSession(session: UserSession, message: Extract<UserMessage, { connectionId: string }>): void {
    const { runtime, instance } = this.#o;
    switch (message.type) {
      case "opened":
        session.lanes.open(message.starts);
        return this.#singles.opened(message.starts);
      case "ack":
        return this.#ack(session, message);
      case "foreground":
        return session.lanes.foreground(runtime.catalog.configsOf(instance().no));
      case "missed":
        return session.lanes.missed(message.config, message.upTo);
      case "heard":
        session.lanes.heard();
        return this.#singles.pumpAll();
      case "lanes":
        session.lanes.handle(message.event);
        return this.#singles.pumpAll();
      case "left":
        return this.#left(session);
      case "verdict":
        return this.#verdict(session, { type: "answered", token: message.token, verdict: message.verdict });
      case "askAgain":
        return this.#verdict(session, { type: "again", token: message.token, next: runtime.ticket() });
    }
  }

  #hint(hint: Extract<UserMessage, { type: "appended" | "head" }>): void {
    const { config } = hint;
    if (!isShared(config)) {
      const event = hint.type === "appended"
        ? { type: "appended" as const, op: hint.op, prev: hint.prev }
        : { type: "head" as const, id: hint.id };
      for (const session of this.#sessions) session.lanes.hint(config, event);
    } else if (hint.type === "appended") this.#singles.appended(config, hint.op, hint.prev);
    else this.#singles.head(config, hint.id);
  }

  #ack(session: UserSession, { frame }: Extract<UserMessage, { type: "ack" }>): void {
    const config = session.lanes.configFor(frame.scope, frame.biz);
    if (!config) return this.#o.runtime.metrics.ignoredAcks(this.#o.instance().instanceId, 1);
    const shared = session.lanes.lane(config.no)?.stream.shared ?? false;
    const held = shared ? session.lanes.lane(config.no)!.window : [];
    session.lanes.ack(config, frame);
    if (!shared) return;
    const kept = new Set(session.lanes.lane(config.no)!.window.map((item) => item.op.id));
    const acked = held.map((item) => item.op.id).filter((id) => !kept.has(id));
    this.#singles.settled(config, new Set([...acked, ...this.#ackReleased(session, config, frame)]));
    this.#singles.pump(config);
  }

  /** An op taken back for want of a verdict, and acknowledged after all: it has arrived. */
  #ackReleased(session: UserSession, config: Config, frame: { id?: number | undefined; ids?: number[] | undefined }) {
    const released = session.released.get(config.no) ?? [];
    const acked = released.filter((item) =>
      frame.ids?.includes(item.op.id) || (!item.late && item.op.id <= (frame.id ?? -1))
    );
    if (acked.length === 0) return [];
    const { runtime, instance, userId } = this.#o;
    const target = { instance: instance().no, subject: userId, config: config.no, device: "" };
    runtime.recorder.acked(target, userId, session.deviceId, acked);
    void runtime.recorder.flush();
    session.released.set(config.no, released.filter((item) => !acked.includes(item)));
    const ids = acked.map((item) => item.op.id);
    this.#singles.ended(config.no, ids);
    return ids;
  }

  #left(session: UserSession): void {
    this.#sessions = this.#sessions.filter((other) => other !== session);
    if (this.#sessions.length === 0) this.#o.empty();
    else this.#singles.left(session);
    session.lanes.close();
  }

  #verdict(session: UserSession, event: VerdictEvent): void {
    const { runtime, instance, userId, validator } = this.#o;
    const { connectionId, sessionId } = session;
    const step = stepVerdict(session.verdict, event);
    session.verdict = step.state;
    for (const effect of step.effects) {
      if (effect.type === "announce") this.#announce(session, effect.verdict);
      else if (effect.type === "later") {
        const token = effect.token;
        const delay = validator.retryDelay(effect.attempt);
        runtime.clock.after(delay, () => this.post({ type: "askAgain", connectionId, token }));
      } else {
        const token = effect.token;
        void validator.validate(instance(), { userId, sessionId }, effect.reuse)
          .then((verdict) => this.post({ type: "verdict", connectionId, token, verdict }));
      }
    }
  }

  /** The verdict changed: streams that ask for it stop or go on (SES-4). */
  #announce(session: UserSession, verdict: Consistency): void {
    session.announce(verdict);
    for (const config of this.#o.runtime.catalog.configsOf(this.#o.instance().no)) {
      if (config.consistency && config.target === "user") this.#regate(session, config);
    }
  }

  #regate(session: UserSession, config: Config): void {
    if (!session.lanes.isOpen) return;
    const lane = session.lanes.lane(config.no);
    const shared = isShared(config);
    if (shared && lane && config.status === "online" && !mayReceive(config, session.verdict)) {
      session.released.set(config.no, [...(session.released.get(config.no) ?? []), ...lane.window]);
      session.lanes.apply(config, { lane: { ...lane, window: [], windowBytes: 0 }, effects: [] });
    }
    session.lanes.regate(config);
    if (shared) this.#singles.rescan(config);
  }

  #configChanged(before: Config | undefined, after: Config | undefined): void {
    const config = after ?? before;
    if (!config || config.target !== "user") return;
    for (const session of this.#sessions) {
      if (after) this.#regate(session, after);
      else session.lanes.remove(config.no);
    }
    if (!after) this.#singles.remove(config.no);
    this.#recheck(false);
  }

  #recheck(urlChanged: boolean): void {
    const needed = this.#needed();
    for (const session of this.#sessions) {
      this.#verdict(session, { type: "changed", needed, urlChanged, token: this.#o.runtime.ticket() });
    }
  }

  #newSingles(): UserSingles {
    const { runtime, instance, userId } = this.#o;
    return new UserSingles({
      runtime,
      instance: instance().no,
      userId,
      sessions: () => this.#sessions,
      post: (config, ticket, page) => this.post({ type: "page", config, ticket, page }),
    });
  }

  #needed(): boolean {
    const { runtime, instance, validator } = this.#o;
    return validator.asks(instance()) &&
      runtime.catalog.configsOf(instance().no).some((config) => config.consistency && config.status === "online");
  }

  #find(connectionId: string): UserSession | undefined {
    return this.#sessions.find((session) => session.connectionId === connectionId);
  }
}
