import type { Config, Instance } from "../db/catalog.ts";
import type { LoggedOp, Page } from "../db/delivery.ts";
import type { Consistency, Scope } from "../src/protocol.ts";
import { expiryOf } from "./eligibility.ts";
import type { Connection } from "./connection.ts";
import { isShared } from "./lane_stream.ts";
import { Mailbox } from "./mailbox.ts";
import type { UserMessage } from "./messages.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";
import type { Failed } from "./supervision.ts";
import { UserSession } from "./user_session.ts";
import { type SinglesHost, UserSingles } from "./user_singles.ts";
import { type VerdictEvent, verdictOf } from "./user_state.ts";

/** Asks the tenant whether a login is still good (SES-2). */
export interface Validator {
  /** Whether this instance has somebody to ask. */
  asks(instance: Instance): boolean;
  /** `reuse`: a valid answer for the same pair may be up to 60 s old. Never throws. */
  validate(instance: Instance, user: { userId: string; sessionId: string }, reuse: boolean): Promise<Consistency>;
  /** Wait before the next question after `attempt` unknown answers, ms (SES-5). */
  retryDelay(attempt: number): number;
}

/** The same for all users. */
export type UserActorOptions = {
  runtime: Runtime;
  validator: Validator;
  failed: Failed<UserActor>;
  /** The last session has left. */
  empty: (actor: UserActor) => void;
};

/** One logged-in user: the sessions where he is bound, and his streams. Lives while there is such a session. */
export class UserActor extends Mailbox<UserMessage> implements SinglesHost {
  readonly userId: string;
  readonly #o: UserActorOptions;
  readonly #instance: Instance;
  #singles = new UserSingles(this);
  #sessions: readonly UserSession[] = [];

  constructor(options: UserActorOptions, instance: Instance, userId: string) {
    super();
    this.#o = options;
    this.#instance = instance;
    this.userId = userId;
  }

  get runtime(): Runtime {
    return this.#o.runtime;
  }

  get validator(): Validator {
    return this.#o.validator;
  }

  /** As it is now. */
  get instance(): Instance {
    return this.runtime.catalog.instanceByNo(this.#instance.no) ?? this.#instance;
  }

  /** In the order of their binding. */
  get sessions(): readonly UserSession[] {
    return this.#sessions;
  }

  connections(): Connection[] {
    return this.#sessions.map(({ session }) => session.connection);
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
    this.#singles = new UserSingles(this);
    for (const session of this.#sessions) if (session.session.welcomed) session.rebuild();
  }

  /** Binds the user on a session; its streams open when they are hydrated (message `opened`). */
  bind(session: Session, sessionId: string, reuse: boolean): UserSession {
    const bound = new UserSession(session, this, sessionId);
    this.#sessions = [...this.#sessions, bound];
    this.#judge(bound, { type: "bound", needed: this.#needed(), reuse, token: this.runtime.ticket() });
    return bound;
  }

  /** Ops of one of his streams were acknowledged, or let go for good. */
  ended(config: Config, ids: readonly number[]): void {
    this.#singles.ended(config.no, ids);
  }

  postPage(config: number, ticket: number, page: Page | null): void {
    this.post({ type: "page", config, ticket, page });
  }

  verdict(connectionId: string): Consistency {
    const session = this.#find(connectionId);
    return session ? verdictOf(session.verdict) : "unknown";
  }

  /** Whether a session is eligible now for this op; it has been told, or finds it behind its replay. */
  eligible(config: Config, op: LoggedOp): boolean {
    if (expiryOf(op, config) <= this.runtime.clock.now()) return false;
    return this.#sessions.some((session) => session.lanes.eligible(config, op));
  }

  /** Not persistent (PER-2): written to the eligible sessions at once, to one of them for a single-device config. */
  deliver(config: Config, op: LoggedOp): boolean {
    const eligible = this.#sessions.filter((s) => s.session.welcomed && s.lanes.eligible(config, op));
    const chosen = config.multiDevice ? eligible : eligible.slice(-1);
    const scope: Scope = "user";
    for (const { session } of chosen) session.connection.queue({ scope, biz: config.bizType, ops: [op] });
    return chosen.length > 0;
  }

  protected override handle(message: UserMessage): void {
    switch (message.type) {
      case "appended":
      case "head":
        return this.#hint(message);
      case "config":
        return this.#configChanged(message.before, message.after);
      case "instance":
        return this.#recheck(message.urlChanged);
      case "page": {
        const config = this.runtime.catalog.configByNo(message.config);
        return config && this.#singles.page(config, message.ticket, message.page);
      }
    }
    const session = this.#find(message.connectionId);
    if (session) this.#ofSession(session, message);
  }

  #ofSession(session: UserSession, message: Extract<UserMessage, { connectionId: string }>): void {
    switch (message.type) {
      case "opened":
        session.lanes.open(message.starts);
        return this.#singles.opened(message.starts);
      case "ack":
        return this.#ack(session, message);
      case "foreground":
        return session.lanes.foreground(this.runtime.catalog.configsOf(this.#instance.no));
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
        return this.#judge(session, { type: "answered", token: message.token, verdict: message.verdict });
      case "askAgain":
        return this.#judge(session, { type: "again", token: message.token, next: this.runtime.ticket() });
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
    if (!config) return this.runtime.metrics.ignoredAcks(this.#instance.instanceId, 1);
    const shared = session.lanes.lane(config.no)?.stream.shared ?? false;
    const held = shared ? session.lanes.lane(config.no)!.window : [];
    session.lanes.ack(config, frame);
    if (!shared) return;
    const kept = new Set(session.lanes.lane(config.no)!.window.map((item) => item.op.id));
    const acked = held.map((item) => item.op.id).filter((id) => !kept.has(id));
    const released = session.ackReleased(config, frame);
    this.#singles.ended(config.no, released);
    this.#singles.settled(config, new Set([...acked, ...released]));
    this.#singles.pump(config);
  }

  protected override failed(error: unknown, message: UserMessage): void {
    this.#o.failed(this, error, message);
  }

  #left(session: UserSession): void {
    this.#sessions = this.#sessions.filter((other) => other !== session);
    if (this.#sessions.length === 0) this.#o.empty(this);
    else this.#singles.left(session);
    session.lanes.close();
  }

  /** Where the verdict has changed, the streams that ask for it stop or go on (SES-4). */
  #judge(session: UserSession, event: VerdictEvent): void {
    const verdict = session.judge(event);
    if (verdict === undefined) return;
    session.session.verdict(this.userId, verdict);
    for (const config of this.runtime.catalog.configsOf(this.#instance.no)) {
      if (config.consistency && config.target === "user") this.#regate(session, config);
    }
  }

  #regate(session: UserSession, config: Config): void {
    if (!session.lanes.isOpen) return;
    const shared = isShared(config);
    if (shared && config.status === "online" && !session.allowed(config)) session.release(config);
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
      this.#judge(session, { type: "changed", needed, urlChanged, token: this.runtime.ticket() });
    }
  }

  #needed(): boolean {
    return this.validator.asks(this.instance) &&
      this.runtime.catalog.configsOf(this.#instance.no).some((one) => one.consistency && one.status === "online");
  }

  #find(connectionId: string): UserSession | undefined {
    return this.#sessions.find((session) => session.connectionId === connectionId);
  }
}
