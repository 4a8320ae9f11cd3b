import type { Catalog, Config } from "../db/catalog.ts";
import type { Hydrated, Target } from "../db/delivery.ts";
import type { Bind, Point } from "../src/protocol.ts";
import type { DeviceActor } from "./device_actor.ts";
import type { Hydrator } from "./hydrator.ts";
import type { LaneStart } from "./lane_set.ts";
import { reportedPoints, resetPoints, type Starts, startsOf } from "./points.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";
import { type SessionRows, toClaim } from "./session_rows.ts";
import type { UserActor } from "./user_actor.ts";
import type { UserSession } from "./user_session.ts";

export type OpeningOptions = {
  runtime: Runtime;
  hydrator: Hydrator;
  heartbeatMs: number;
  /** The user's actor for a new bind. */
  userOf: (session: Session, userId: string) => UserActor;
  deviceOf: (session: Session) => DeviceActor | undefined;
  /** Resolves when it is known here whether a global stream goes as far as the client says. */
  reachGlobal: (config: Config, id: number) => Promise<void>;
  rows: SessionRows;
};

/** A welcome waits so long for the tenant's verdict, so that a quick tenant costs no frame of its own, ms. */
const VERDICT_GRACE_MS = 250;

/** From a verified hello or bind to open streams: hydrates, welcomes, resets where points cannot be (PT-3), opens. */
export class Opening {
  readonly #o: OpeningOptions;

  constructor(options: OpeningOptions) {
    this.#o = options;
  }

  /** Binds the user of a hello before the log is read: what is pushed from now on finds the session. */
  bindHello(session: Session): void {
    if (session.claims?.user) this.#bind(session, session.claims.user, true);
  }

  /**
   * Reads what the device, and the user on it, have coming, and where their streams start.
   *
   * @returns the `seq` of a newer session of this device on another node, or the plan to open this one.
   */
  async prepare(session: Session): Promise<{ outranked: number } | OpeningPlan> {
    const { hydrator } = this.#o;
    const { bound } = session;
    const { points = [], user: claimed, sameEpoch = true } = session.claims ?? {};
    session.claims = null;
    // a phone that gives up in an outage comes again many times before its turn
    const wanted = () => !session.ended;
    const [outranked, device, user] = await Promise.all([
      this.claim(session),
      hydrator.hydrate(deviceTarget(session), wanted),
      bound ? hydrator.hydrate(userTarget(session, bound), wanted) : null,
      bound ? this.#verdictGrace(session, bound) : null,
      this.#reachGlobals(session, "device", points),
      this.#reachGlobals(session, "user", claimed?.points ?? []),
    ]);
    if (outranked !== null) return { outranked };
    const deviceStarts = this.#starts(session, "device", device, points, sameEpoch);
    const userStarts = user && this.#starts(session, "user", user, claimed?.points ?? [], sameEpoch);
    return { device: deviceStarts, user: userStarts };
  }

  /** Writes the session's row. @returns the `seq` of a newer session of this device on another node */
  claim(session: Session): Promise<number | null> {
    const { hydrator, rows } = this.#o;
    const claimed = hydrator.claim(toClaim(session), () => !session.ended).catch((error) => {
      if (session.ended) return null;
      throw error;
    });
    // a session that ended meanwhile was released before its row was written
    return claimed.finally(() => session.ended && rows.release(session));
  }

  /** Welcome first, then a reset where one is due; the streams are opened by the actors. */
  welcome(session: Session, plan: OpeningPlan): void {
    const { instance, bound, connection, deviceId, client } = session;
    session.welcomed = true;
    session.send({
      type: "welcome",
      connectionId: connection.id,
      epoch: instance.epoch,
      serverTime: this.#o.runtime.clock.now(),
      heartbeatMs: this.#o.heartbeatMs,
      ...(bound ? { user: { userId: bound.userId, consistency: bound.actor.verdict(connection.id) } } : {}),
    });
    const user = bound ? plan.user : null;
    if (plan.device.mismatch || user?.mismatch) this.#reset(session, [...plan.device.lanes, ...(user?.lanes ?? [])]);
    this.#o.hydrator.credit(deviceTarget(session), deviceId, client, plan.device);
    if (bound && user) this.#o.hydrator.credit(userTarget(session, bound), deviceId, client, user);
  }

  /** A bind on a live session: answered at once; the new user's streams follow when they are read. */
  async bind(session: Session, frame: Bind): Promise<void> {
    const bound = this.#bind(session, frame, false);
    const consistency = bound.actor.verdict(session.connection.id);
    session.send({ type: "bound", n: frame.n, userId: frame.userId, consistency });
    const starts = await this.hydrateUser(session, bound, frame.points, true);
    // what was reported is true, also where the user has left meanwhile
    this.#o.hydrator.credit(userTarget(session, bound), session.deviceId, session.client, starts);
    const device = starts.mismatch ? await this.#o.hydrator.hydrate(deviceTarget(session)) : null;
    if (session.bound !== bound || session.ended) return;
    if (device) this.#resetAll(session, device, starts.lanes);
    bound.actor.post({ type: "opened", connectionId: session.connection.id, starts: starts.lanes });
  }

  /** A reset speaks of the device's streams, too: they go on from where it sets the client back to (PT-3). */
  #resetAll(session: Session, hydrated: Hydrated, user: readonly LaneStart[]): void {
    const { lanes } = this.#starts(session, "device", hydrated, [], true, session.lanes.points());
    this.#reset(session, [...lanes, ...user]);
    const actor = this.#o.deviceOf(session);
    actor?.rebuild();
    actor?.post({ type: "opened", connectionId: session.connection.id, starts: lanes });
  }

  async hydrateUser(
    session: Session,
    bound: UserSession,
    points: readonly Point[],
    sameEpoch: boolean,
  ): Promise<Starts> {
    const target = userTarget(session, bound);
    const [hydrated] = await Promise.all([
      this.#o.hydrator.hydrate(target),
      this.#reachGlobals(session, "user", points),
    ]);
    return this.#starts(session, "user", hydrated, points, sameEpoch);
  }

  /**
   * The streams again, after an actor failed: from the server's record, or below it where this client has not come so far
   * (PT-2: a reinstalled app).
   */
  async reopened(
    session: Session,
    kind: "user" | "device",
    points: ReadonlyMap<number, number>,
  ): Promise<LaneStart[]> {
    const target = kind === "device" ? deviceTarget(session) : userTarget(session, session.bound!);
    const hydrated = await this.#o.hydrator.hydrate(target);
    const known = hydrated.points.map(({ config, point }) =>
      [config, Math.min(point, points.get(config) ?? point)] as const
    );
    return this.#starts(session, kind, hydrated, [], true, new Map(known)).lanes;
  }

  get #catalog(): Catalog {
    return this.#o.runtime.catalog;
  }

  #bind(session: Session, user: { userId: string; sessionId: string }, reuse: boolean): UserSession {
    const bound = this.#o.userOf(session, user.userId).bind(session, user.sessionId, reuse);
    session.bound = bound;
    session.changed();
    return bound;
  }

  /** What a client got on another process may be news here; its point is not above the head for that (PT-3). */
  async #reachGlobals(session: Session, kind: "user" | "device", points: readonly Point[]): Promise<void> {
    const global = this.#catalog.configsOf(session.instance.no).filter((config) => config.scope === "global");
    const reported = reportedPoints(points, global, kind);
    await Promise.all(global.map((config) => this.#o.reachGlobal(config, reported.get(config.no) ?? 0)));
  }

  #reset(session: Session, lanes: readonly { config: LaneStart["config"]; start: number }[]): void {
    session.send({ type: "reset", epoch: session.instance.epoch, points: resetPoints(lanes) });
  }

  #starts(
    session: Session,
    kind: "user" | "device",
    hydrated: Hydrated,
    points: readonly Point[],
    sameEpoch: boolean,
    known?: ReadonlyMap<number, number>,
  ): Starts {
    const configs = this.#catalog.configsOf(session.instance.no);
    const reported = known ?? reportedPoints(points, configs, kind);
    const globalHead = (config: number) => this.#o.runtime.globalHead(config);
    return startsOf({ configs, kind, hydrated, reported, sameEpoch, globalHead });
  }

  async #verdictGrace(session: Session, bound: UserSession): Promise<void> {
    if (!bound.actor.asking(session.connection.id)) return;
    let cancel = () => {};
    const grace = new Promise<void>((resolve) => cancel = this.#o.runtime.clock.after(VERDICT_GRACE_MS, resolve));
    await Promise.race([session.verdictChange(), grace]);
    cancel();
  }
}

export type OpeningPlan = { device: Starts; user: Starts | null };

const deviceTarget = (session: Session): Omit<Target, "config"> => ({
  instance: session.instance.no,
  subject: session.deviceId,
  device: "",
});

const userTarget = (session: Session, bound: UserSession): Omit<Target, "config"> => ({
  instance: session.instance.no,
  subject: bound.userId,
  device: session.deviceId,
});
