import type { CatalogChange, Config, Instance } from "../db/catalog.ts";
import type { LoggedOp } from "../db/delivery.ts";
import type { SessionStore } from "../db/sessions.ts";
import type { Ack, Bind, Hello } from "../src/protocol.ts";
import type { Broadcaster } from "./broadcaster.ts";
import type { Bus } from "./bus.ts";
import { catalogChanged } from "./catalog_changed.ts";
import type { Connection } from "./connection.ts";
import { Clients } from "./eligibility.ts";
import type { Hydrator } from "./hydrator.ts";
import { LiveActors } from "./live_actors.ts";
import { Opening, type OpeningPlan } from "./opening.ts";
import type { Runtime } from "./runtime.ts";
import { Session } from "./session.ts";
import { SessionRows } from "./session_rows.ts";
import type { Validator } from "./user_actor.ts";

export type RegistryOptions = {
  runtime: Runtime;
  hydrator: Hydrator;
  sessions: SessionStore;
  broadcaster: Broadcaster;
  validator: Validator;
  heartbeatMs: number;
  /** Hint for clients whose connect failed for our fault, ms. @default 2000 */
  retryAfterMs?: number;
};

/** All live actors of this process: makes them on connect, finds them for pushes, drops them with their last session. */
export class Registry implements Bus {
  readonly #o: RegistryOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #actors: LiveActors;
  readonly #opening: Opening;
  readonly #plans = new WeakMap<Session, OpeningPlan>();
  readonly #rows: SessionRows;
  readonly #clients = new Clients();
  readonly #changed = (session: Session) => this.#rows.changed(session);

  constructor(options: RegistryOptions) {
    this.#o = options;
    const { runtime, hydrator, heartbeatMs, sessions, broadcaster, validator } = options;
    this.#rows = new SessionRows(sessions, runtime.log);
    const userOf = (session: Session, userId: string) => this.#actors.userOf(session.instance, userId);
    const deviceOf = (session: Session) => this.#actors.device(session);
    const reachGlobal = (config: Config, id: number) => broadcaster.reach(config, id);
    this.#opening = new Opening({ runtime, hydrator, heartbeatMs, userOf, deviceOf, reachGlobal, rows: this.#rows });
    this.#actors = new LiveActors({
      runtime,
      validator,
      hydrate: (session) => void this.#hydrate(session),
      open: (session) => this.#open(session),
      end: (session) => this.#end(session),
      reopened: (session, kind, points) => this.#opening.reopened(session, kind, points),
      openingFailed: (session, error) => this.#openingFailed(session, error),
      session: (connectionId) => this.#sessions.get(connectionId),
    });
  }

  get counts(): { sessions: number; devices: number; users: number } {
    return { sessions: this.#sessions.size, ...this.#actors.counts };
  }

  sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** Takes a verified hello. The session is in the registry from now on, and its streams open when they are read. */
  connect(connection: Connection, instance: Instance, hello: Hello): Session {
    const session = new Session(connection, instance, hello, {
      now: this.#o.runtime.clock.now(),
      client: this.#clients.of({ os: hello.os, appVersion: hello.appVersion }),
      changed: this.#changed,
    });
    this.#sessions.set(connection.id, session);
    this.#actors.deviceOf(instance, hello.deviceId).hello(session);
    if (session.ended) this.#sessions.delete(connection.id);
    return session;
  }

  closed(session: Session): void {
    const connectionId = session.connection.id;
    this.#sessions.delete(connectionId);
    this.#actors.device(session)?.tell(session, { type: "closed", connectionId });
  }

  ack(session: Session, frame: Ack): void {
    const connectionId = session.connection.id;
    if (frame.scope === "user" || frame.scope === "globalUser") {
      if (session.bound) return session.bound.actor.post({ type: "ack", connectionId, frame });
      return this.#o.runtime.metrics.ignoredAcks(session.instance.instanceId, 1);
    }
    this.#actors.device(session)?.post({ type: "ack", connectionId, frame });
  }

  /** Replaces the bound user; every bind binds anew (SES-1). */
  bind(session: Session, frame: Bind): void {
    if (!session.welcomed) return session.afterWelcome(() => this.bind(session, frame));
    this.#unbind(session);
    this.#opening.bind(session, frame).catch((error) => this.#openingFailed(session, error));
  }

  unbind(session: Session, n: number): void {
    if (!session.welcomed) return session.afterWelcome(() => this.unbind(session, n));
    this.#unbind(session);
    session.changed();
    session.send({ type: "bound", n, userId: null });
  }

  setForeground(session: Session, foreground: boolean): void {
    if (session.foreground !== foreground) this.#rows.moved(session);
    session.foregroundAt = foreground ? this.#o.runtime.clock.now() : null;
    if (foreground) this.#tell(session, "foreground");
  }

  /** Writes which apps are in the foreground. */
  writeRows(): void {
    this.#rows.write();
  }

  /** Heard from a client that had been asked for a sign of life. */
  heard(session: Session): void {
    this.#tell(session, "heard");
  }

  /** The device connected to another server process: this one's session ends (DEV-3). */
  evict(connectionId: string, seq: number): void {
    const session = this.#sessions.get(connectionId);
    if (session) this.#actors.device(session)?.tell(session, { type: "outranked", connectionId, seq });
  }

  /** Writes the rows anew that others have removed; where a device is elsewhere by now, its session here ends (DEV-3). */
  async reclaim(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(async (session) => {
      const seq = await this.#opening.claim(session);
      if (seq === null) this.#rows.changed(session);
      else this.evict(session.connection.id, seq);
    }));
  }

  /** Closes sessions with 4403. @returns how many */
  kick(chosen: (session: Session) => boolean): number {
    const kicked = [...this.#sessions.values()].filter(chosen);
    for (const session of kicked) session.connection.close(4403);
    return kicked.length;
  }

  deliver({ no }: Config, owner: string, read: () => LoggedOp, prev: number): boolean {
    // as it is now: it may have gone offline while the op was being committed
    const config = this.#o.runtime.catalog.configByNo(no);
    if (!config) return false;
    if (config.scope === "global") {
      this.#o.broadcaster.published(config, read(), prev);
      return true;
    }
    const actor = this.#actors.ownerOf(config, owner);
    if (!actor) return false;
    const op = read();
    const eligible = actor.eligible(config, op);
    actor.post({ type: "appended", config, op, prev });
    return eligible;
  }

  deliverVolatile(config: Config, owner: string, op: LoggedOp): boolean {
    return this.#actors.ownerOf(config, owner)?.deliver(config, op) ?? false;
  }

  /** A stream's head was read from the log: whoever lacks something reads on (STR-3). */
  head(config: Config, owner: string, id: number): void {
    if (config.scope === "global") return this.#o.broadcaster.hint(config, id);
    this.#actors.ownerOf(config, owner)?.post({ type: "head", config, id });
  }

  /** Global ops nobody had heard of: who came to the foreground since they were accepted gets them now (GLB-2, STR-3). */
  learned(config: Config, ops: readonly LoggedOp[]): void {
    for (const session of this.#sessions.values()) {
      if (session.instance.no !== config.instance || session.foregroundAt === null) continue;
      const device = config.target === "device";
      const since = device ? session.foregroundAt : Math.max(session.foregroundAt, session.bound?.at ?? 0);
      const upTo = ops.findLast((op) => op.at <= since)?.id;
      if (upTo === undefined) continue;
      const message = { type: "missed" as const, connectionId: session.connection.id, config, upTo };
      if (device) this.#actors.device(session)?.post(message);
      else session.bound?.actor.post(message);
    }
  }

  /** Users and devices with a live session here. */
  owners(): { instance: number; owner: string }[] {
    return this.#actors.owners();
  }

  /** Configs and instances as they are now (CFG-3, CFG-4): streams stop or go on, and clients are told. */
  changed(change: CatalogChange): void {
    catalogChanged(change, { actors: this.#actors, broadcaster: this.#o.broadcaster, sessions: this.#sessions });
  }

  async #hydrate(session: Session): Promise<void> {
    const connectionId = session.connection.id;
    try {
      this.#opening.bindHello(session);
      const plan = await this.#opening.prepare(session);
      if ("outranked" in plan) return this.evict(connectionId, plan.outranked);
      this.#plans.set(session, plan);
      this.#actors.device(session)?.tell(session, { type: "hydrated", connectionId });
    } catch (error) {
      this.#openingFailed(session, error);
    }
  }

  #openingFailed(session: Session, error: unknown): void {
    if (session.ended) return;
    this.#o.runtime.log("error", "session not opened", { error: String(error) });
    session.connection.close(4503, { "retry-after-ms": this.#o.retryAfterMs ?? 2_000 });
    this.closed(session);
  }

  #open(session: Session): void {
    const plan = this.#plans.get(session)!;
    this.#plans.delete(session);
    const connectionId = session.connection.id;
    this.#opening.welcome(session, plan);
    // a verdict that came before the welcome
    if (session.bound && session.bound.actor.verdict(connectionId) !== "unknown") this.#rows.changed(session);
    this.#actors.device(session)?.post({ type: "opened", connectionId, starts: plan.device.lanes });
    if (session.bound && plan.user) session.bound.actor.post({ type: "opened", connectionId, starts: plan.user.lanes });
    session.runAfterWelcome();
  }

  #end(session: Session): void {
    this.#sessions.delete(session.connection.id);
    this.#unbind(session);
    this.#actors.drop(session);
    this.#rows.release(session);
  }

  #unbind(session: Session): void {
    const bound = session.bound;
    if (!bound) return;
    session.bound = null;
    bound.actor.post({ type: "left", connectionId: session.connection.id });
  }

  #tell(session: Session, type: "foreground" | "heard"): void {
    const connectionId = session.connection.id;
    this.#actors.device(session)?.post({ type, connectionId });
    session.bound?.actor.post({ type, connectionId });
  }
}
