import type { Config } from "../db/catalog.ts";
import type { LoggedOp } from "../db/delivery.ts";
import type { Ack, Scope } from "../src/protocol.ts";
import { admits } from "./eligibility.ts";
import { stepLane } from "./lane.ts";
import { perform } from "./lane_effects.ts";
import {
  type Lane,
  type LaneContext,
  type LaneEvent,
  type LaneStep,
  newLane,
  nextDue,
  waitsTooLong,
} from "./lane_state.ts";
import { concerns, streamOf } from "./lane_stream.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";

/** Whose lanes they are: an actor, or what it keeps of one session. */
export interface LaneOwner {
  readonly runtime: Runtime;
  /** The user or the device whose streams these are. */
  readonly kind: "user" | "device";
  readonly subject: string;
  /** Whether this session may be sent ops of the config now: it is online, and the verdict is valid where asked. */
  allowed(config: Config): boolean;
  /** Ops were acknowledged, or let go for good. */
  ended(config: Config, ids: readonly number[]): void;
  /** Posts into the actor's mailbox; events of lanes that are gone are ignored there. */
  postLanes(connectionId: string, event: LaneSetEvent): void;
}

/** What a lane set wants to hear back through its actor's mailbox. */
export type LaneSetEvent = { type: "lane"; config: number; event: LaneEvent } | { type: "due" };

/** Where one stream starts on a session. `owed`: all that is owed to the target, on both sides of the start. */
export type LaneStart = { config: Config; start: number; head: number; owed: readonly number[]; plain: boolean };

/** An op may expire in 30 days, which is more than a timer can count: it fires in between and is armed anew. */
const LONGEST_TIMER_MS = 86_400_000;

/** The lanes of one session and one subject: runs their steps. Most sessions are idle: what is empty takes no room. */
export class LaneSet {
  readonly session: Session;
  readonly owner: LaneOwner;
  #lanes: Map<number, Lane> | null = null;
  /** Configs in which retries or discards are recorded for this target: their pages come from the log itself. */
  #marked: Set<number> | null = null;
  #isOpen = false;
  /** Heads heard of before the streams were opened. */
  #hints: Map<Config, number> | null = null;
  #timer: { at: number; cancel: () => void } | null = null;

  constructor(session: Session, owner: LaneOwner) {
    this.session = session;
    this.owner = owner;
  }

  /** Whether its replay has begun; until then hints are only noted. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Opens the streams that have something, and sends what is due. */
  open(starts: Iterable<LaneStart>): void {
    const { catalog } = this.owner.runtime;
    for (const { config: { no }, start, head, owed, plain } of starts) {
      // as it is now: it may have gone offline, or away, while the stream was being read
      const config = catalog.configByNo(no);
      if (!config) continue;
      if (!plain) (this.#marked ??= new Set()).add(no);
      this.#put(newLane(this.#stream(config), start, head, owed));
      if (this.owner.allowed(config)) this.step(config, { type: "resume" });
    }
    const hints = this.#hints ?? [];
    this.#hints = null;
    this.#isOpen = true;
    for (const [config, id] of hints) this.step(config, { type: "head", id });
    if (this.session.foreground) this.foreground(catalog.configsOf(this.session.instance.no));
  }

  /** Something may be new in the log. */
  hint(config: Config, event: Extract<LaneEvent, { type: "appended" | "head" }>): void {
    if (this.#isOpen) return this.step(config, event);
    const id = event.type === "head" ? event.id : event.op.id;
    const hints = this.#hints ??= new Map();
    hints.set(config, Math.max(hints.get(config) ?? 0, id));
  }

  /** What came back through the actor's mailbox. */
  handle(event: LaneSetEvent): void {
    if (event.type === "due") return this.due();
    const config = this.owner.runtime.catalog.configByNo(event.config);
    if (config && this.#lanes?.has(config.no)) this.step(config, event.event);
  }

  /** The config that an acknowledgement speaks of, if the scope is the one of this set's streams. */
  configFor(scope: Scope, biz: string): Config | undefined {
    const config = this.owner.runtime.catalog.config(this.session.instance.no, biz);
    return config && this.#lanes?.get(config.no)?.stream.scope === scope ? config : undefined;
  }

  ack(config: Config, { id, ids }: Pick<Ack, "id" | "ids">): void {
    if (id !== undefined) this.step(config, { type: "ackTo", id });
    if (ids !== undefined) this.step(config, { type: "ackIds", ids });
  }

  lane(config: number): Lane | undefined {
    return this.#lanes?.get(config);
  }

  lanes(): Iterable<Lane> {
    return this.#lanes?.values() ?? [];
  }

  /** Up to where each stream is acknowledged on this session, by config. */
  points(): Map<number, number> {
    return new Map([...this.lanes()].map((lane) => [lane.stream.config, lane.point]));
  }

  /** Whether retries or discards are recorded for this target in the config's stream. */
  isMarked(config: number): boolean {
    return this.#marked?.has(config) ?? false;
  }

  /** Tells the actor, by its mailbox. */
  post(event: LaneSetEvent): void {
    this.owner.postLanes(this.session.connection.id, event);
  }

  /** Whether this session is eligible for the op now (spec: words). */
  eligible(config: Config, op: Pick<LoggedOp, "os" | "minVersion" | "maxVersion">): boolean {
    return this.owner.allowed(config) && admits(op, this.session.client);
  }

  /** One event for one stream; its lane is made when there is none yet. */
  step(config: Config, event: LaneEvent): void {
    const lane = this.#lanes?.get(config.no) ?? this.make(config);
    this.apply(config, stepLane(lane, event, this.context(config)));
  }

  /** Takes over a step's lane and performs its effects. */
  apply(config: Config, step: LaneStep): void {
    this.#put(step.lane);
    for (const effect of step.effects) perform(this, config, step.lane, effect);
    this.#arm(nextDue(step.lane, config));
  }

  /** A stream that held nothing when the session began starts at 0: a reported point above that was reset (PT-3). */
  make(config: Config): Lane {
    const lane = newLane(this.#stream(config), 0, 0);
    // as it is now: the hint may have waited for the streams to be opened
    const now = this.owner.runtime.catalog.configByNo(config.no);
    const open: Lane = now && this.owner.allowed(now) ? { ...lane, phase: { kind: "ready" } } : lane;
    this.#put(open);
    return open;
  }

  /** The foreground event (GLB-2): memory says whether there is anything new (GLB-4). */
  foreground(configs: readonly Config[]): void {
    if (!this.isOpen) return;
    for (const config of configs) {
      if (config.scope !== "global" || !concerns(config, this.owner.kind)) continue;
      const head = this.owner.runtime.globalHead(config.no);
      const lane = this.#lanes?.get(config.no);
      if (head <= (lane?.until ?? 0) && (lane?.awake ?? true)) continue;
      this.step(config, { type: "head", id: head });
      this.step(config, { type: "foreground" });
    }
  }

  /** A global op that this session's last foreground was to bring, and that was heard of only now (STR-3). */
  missed(config: Config, upTo: number): void {
    if (!this.isOpen || (this.#lanes?.get(config.no)?.until ?? 0) >= upTo) return;
    this.step(config, { type: "head", id: upTo });
    this.step(config, { type: "foreground", upTo });
  }

  /** Stops or resumes a stream as the config and the verdict are now (CFG-4, SES-4). */
  regate(config: Config): void {
    if (!this.#lanes?.has(config.no)) return;
    this.step(config, { type: this.owner.allowed(config) ? "resume" : "stop" });
  }

  /** The client was heard from: retries that waited for a sign of life go out. */
  heard(): void {
    this.#each((lane, config) => {
      if (lane.window.some((item) => item.probed)) this.step(config, { type: "heard" });
    });
  }

  /** The timer fired. */
  due(): void {
    this.#timer = null;
    const { clock, policy } = this.owner.runtime;
    const now = clock.now();
    const { heardAt } = this.session.connection;
    this.#each((lane, config) => {
      const at = nextDue(lane, config);
      if (waitsTooLong(lane, now, policy)) {
        this.step(config, { type: "stop" });
        this.step(config, { type: "resume" });
      } else if (at <= now) this.step(config, { type: "due", heardAt });
      else this.#arm(at);
    });
  }

  /** A deleted config's lane ends. */
  remove(config: number): void {
    this.#lanes?.delete(config);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#lanes = null;
  }

  context(config: Config): LaneContext {
    const { clock, policy, limits, ticket } = this.owner.runtime;
    return { now: clock.now(), config, client: this.session.client, policy, limits, ticket };
  }

  #each(visit: (lane: Lane, config: Config) => void): void {
    for (const lane of [...this.lanes()]) {
      const config = this.owner.runtime.catalog.configByNo(lane.stream.config);
      if (config) visit(lane, config);
    }
  }

  #put(lane: Lane): void {
    (this.#lanes ??= new Map()).set(lane.stream.config, lane);
  }

  #stream(config: Config) {
    const { kind, subject } = this.owner;
    return streamOf(config, { kind, subject, deviceId: this.session.deviceId });
  }

  /** One timer for the set, for the earliest lane; a later one is found when it fires. */
  #arm(at: number): void {
    if (at === Infinity || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    const { clock } = this.owner.runtime;
    const wait = Math.min(Math.max(0, at - clock.now()), LONGEST_TIMER_MS);
    const cancel = clock.after(wait, () => this.post({ type: "due" }));
    this.#timer = { at, cancel };
  }
}
