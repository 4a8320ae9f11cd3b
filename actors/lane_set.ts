import type { Config, Instance } from "../db/catalog.ts";
import type { LoggedOp, TargetOp } from "../db/delivery.ts";
import type { Ack, Scope } from "../src/protocol.ts";
import type { Connection } from "./connection.ts";
import { admits, type Client } from "./eligibility.ts";
import { stepLane } from "./lane.ts";
import {
  type InFlight,
  type Lane,
  type LaneContext,
  type LaneEffect,
  type LaneEvent,
  type LaneStep,
  type LaneStream,
  newLane,
  nextDue,
} from "./lane_state.ts";
import type { Runtime } from "./runtime.ts";

export type LaneSetOptions = {
  runtime: Runtime;
  instance: Instance;
  /** The user or the device whose streams these are. */
  kind: "user" | "device";
  subject: string;
  deviceId: string;
  connection: Connection;
  client: Client;
  /** Whether the app is in the foreground now (GLB-2). */
  foreground: () => boolean;
  /** Whether this session may be sent ops of the config now: it is online, and the verdict is valid where asked. */
  allowed: (config: Config) => boolean;
  /** Ops of a single-device stream were acknowledged, or let go for good. */
  ended?: (config: Config, ids: readonly number[]) => void;
  /** Posts into the owner's mailbox; events of lanes that are gone are ignored there. */
  post: (event: LaneSetEvent) => void;
};

/** What a lane set wants to hear back through its actor's mailbox. */
export type LaneSetEvent = { type: "lane"; config: number; event: LaneEvent } | { type: "due" };

/** Where one stream starts on a session. */
export type LaneStart = { config: Config; start: number; head: number; owed: readonly number[]; plain: boolean };

/** Whether a config's streams belong to users or to devices, from the point of view of one set. */
export function concerns(config: Config, kind: "user" | "device"): boolean {
  return config.target === kind && config.persistent;
}

/** An op may expire in 30 days, which is more than a timer can count: it fires in between and is armed anew. */
const LONGEST_TIMER_MS = 86_400_000;

/** The lanes of one session and one subject: runs their steps and performs the effects. */
export class LaneSet {
  readonly #o: LaneSetOptions;
  readonly #lanes = new Map<number, Lane>();
  /** Configs in which retries or discards are recorded for this target: their pages come from the log itself. */
  readonly #marked = new Set<number>();
  /** Heads heard of before the streams were opened; null from then on. */
  #hints: Map<Config, number> | null = new Map();
  #timer: { at: number; cancel: () => void } | null = null;

  constructor(options: LaneSetOptions) {
    this.#o = options;
  }

  get connection(): Connection {
    return this.#o.connection;
  }

  get client(): Client {
    return this.#o.client;
  }

  /** Whether its replay has begun; until then hints are only noted. */
  get isOpen(): boolean {
    return this.#hints === null;
  }

  /** Opens the streams that have something, and sends what is due. */
  open(starts: Iterable<LaneStart>): void {
    for (const { config: { no }, start, head, owed, plain } of starts) {
      // as it is now: it may have gone offline, or away, while the stream was being read
      const config = this.#o.runtime.catalog.configByNo(no);
      if (!config) continue;
      if (!plain) this.#marked.add(no);
      this.#lanes.set(config.no, newLane(this.#stream(config), start, head, owed));
      if (this.#o.allowed(config)) this.step(config, { type: "resume" });
    }
    const hints = this.#hints ?? new Map<Config, number>();
    this.#hints = null;
    for (const [config, id] of hints) this.step(config, { type: "head", id });
    if (this.#o.foreground()) this.foreground(this.#o.runtime.catalog.configsOf(this.#o.instance.no));
  }

  /** Something may be new in the log. */
  hint(config: Config, event: Extract<LaneEvent, { type: "appended" | "head" }>): void {
    if (this.#hints === null) return this.step(config, event);
    const id = event.type === "head" ? event.id : event.op.id;
    this.#hints.set(config, Math.max(this.#hints.get(config) ?? 0, id));
  }

  /** What came back through the actor's mailbox. */
  handle(event: LaneSetEvent): void {
    if (event.type === "due") return this.due();
    const config = this.#o.runtime.catalog.configByNo(event.config);
    if (config && this.#lanes.has(config.no)) this.step(config, event.event);
  }

  /** The config that an acknowledgement speaks of, if the scope is the one of this set's streams. */
  configFor(scope: Scope, biz: string): Config | undefined {
    const config = this.#o.runtime.catalog.config(this.#o.instance.no, biz);
    return config && this.#lanes.get(config.no)?.stream.scope === scope ? config : undefined;
  }

  ack(config: Config, { id, ids }: Pick<Ack, "id" | "ids">): void {
    if (id !== undefined) this.step(config, { type: "ackTo", id });
    if (ids !== undefined) this.step(config, { type: "ackIds", ids });
  }

  lane(config: number): Lane | undefined {
    return this.#lanes.get(config);
  }

  lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  /** Whether this session is eligible for the op now (spec: words). */
  eligible(config: Config, op: Pick<LoggedOp, "os" | "minVersion" | "maxVersion">): boolean {
    return this.#o.allowed(config) && admits(op, this.#o.client);
  }

  /** One event for one stream; its lane is made when there is none yet. */
  step(config: Config, event: LaneEvent): void {
    const lane = this.#lanes.get(config.no) ?? this.make(config);
    this.apply(config, stepLane(lane, event, this.context(config)));
  }

  /** Takes over a step's lane and performs its effects. */
  apply(config: Config, step: LaneStep): void {
    this.#lanes.set(config.no, step.lane);
    for (const effect of step.effects) this.#perform(config, step.lane, effect);
    this.#arm(nextDue(step.lane, config));
  }

  /** A stream that held nothing when the session began starts at 0: a reported point above that was reset (PT-3). */
  make(config: Config): Lane {
    const lane = newLane(this.#stream(config), 0, 0);
    const open: Lane = this.#o.allowed(config) ? { ...lane, phase: { kind: "ready" } } : lane;
    this.#lanes.set(config.no, open);
    return open;
  }

  /** The foreground event (GLB-2): memory says whether there is anything new (GLB-4). */
  foreground(configs: readonly Config[]): void {
    if (!this.isOpen) return;
    for (const config of configs) {
      if (config.scope !== "global" || !concerns(config, this.#o.kind)) continue;
      const head = this.#o.runtime.globalHead(config.no);
      const lane = this.#lanes.get(config.no);
      if (head <= (lane?.until ?? 0) && (lane?.awake ?? true)) continue;
      this.step(config, { type: "head", id: head });
      this.step(config, { type: "foreground" });
    }
  }

  /** A global op that this session's last foreground was to bring, and that was heard of only now (STR-3). */
  missed(config: Config, upTo: number): void {
    if (!this.isOpen || (this.#lanes.get(config.no)?.until ?? 0) >= upTo) return;
    this.step(config, { type: "head", id: upTo });
    this.step(config, { type: "foreground", upTo });
  }

  /** Stops or resumes a stream as the config and the verdict are now (CFG-4, SES-4). */
  regate(config: Config): void {
    if (!this.#lanes.has(config.no)) return;
    this.step(config, { type: this.#o.allowed(config) ? "resume" : "stop" });
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
    const now = this.#o.runtime.clock.now();
    const heardAt = this.#o.connection.heardAt;
    this.#each((lane, config) => {
      const at = nextDue(lane, config);
      if (at <= now) this.step(config, { type: "due", heardAt });
      else this.#arm(at);
    });
  }

  /** A deleted config's lane ends. */
  remove(config: number): void {
    this.#lanes.delete(config);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#lanes.clear();
  }

  context(config: Config): LaneContext {
    const { clock, policy, limits, ticket } = this.#o.runtime;
    return { now: clock.now(), config, client: this.#o.client, policy, limits, ticket };
  }

  #each(visit: (lane: Lane, config: Config) => void): void {
    for (const lane of [...this.#lanes.values()]) {
      const config = this.#o.runtime.catalog.configByNo(lane.stream.config);
      if (config) visit(lane, config);
    }
  }

  #stream(config: Config): LaneStream {
    const { kind, subject, deviceId, instance } = this.#o;
    const global = config.scope === "global";
    const shared = kind === "user" && !global && !config.multiDevice;
    const scope = kind === "user" ? (global ? "globalUser" : "user") : (global ? "global" : "device");
    const device = kind === "user" && !shared ? deviceId : "";
    const target = { instance: instance.no, subject, config: config.no, device };
    return { config: config.no, biz: config.bizType, scope, owner: global ? "" : subject, target, shared };
  }

  #perform(config: Config, lane: Lane, effect: LaneEffect): void {
    const { runtime, connection, instance, deviceId } = this.#o;
    const { recorder, metrics, clock } = runtime;
    const { target, owner, shared } = lane.stream;
    switch (effect.type) {
      case "send":
        connection.queue(effect.batch);
        recorder.sent(target, effect.first);
        return metrics.sent(instance.instanceId, effect.batch.ops.length);
      case "read":
        return this.#read(config, lane, effect);
      case "acked":
        recorder.acked(target, owner, deviceId, effect.items);
        // a single-device acknowledgement is committed before anything else is decided on the op (DEV-2)
        if (shared) void recorder.flush();
        this.#ended(config, effect.items);
        for (const item of effect.items) metrics.latency(Math.max(0, clock.now() - item.op.at));
        return metrics.acked(instance.instanceId, effect.items.length);
      case "point":
        return recorder.point({ ...target, device: this.#o.kind === "user" ? deviceId : "" }, effect.id);
      case "retried":
        recorder.sent(target, effect.items);
        return metrics.retried(instance.instanceId, effect.items.length);
      case "expired":
        this.#ended(config, effect.items);
        return recorder.expired(target, effect.items);
      case "discarded":
        this.#ended(config, effect.items);
        recorder.discarded(target, effect.items);
        runtime.log("warning", "op discarded after the last retry", {
          instance: instance.instanceId,
          bizType: config.bizType,
          ids: effect.items.map((item) => item.op.id),
        });
        return metrics.discarded(instance.instanceId, effect.items.length);
      case "probe":
        return connection.probe();
      case "ignoredAck":
        return metrics.ignoredAcks(instance.instanceId, effect.count);
    }
  }

  #read(config: Config, lane: Lane, effect: LaneEffect & { type: "read" }): void {
    const { target, owner } = lane.stream;
    const { ticket, after, limit, ids } = effect;
    const { post, client, runtime } = this.#o;
    runtime.reader.read({
      instance: target.instance,
      subject: target.subject,
      device: target.device,
      owner,
      config,
      after,
      until: lane.until,
      limit,
      ...(ids ? { ids } : {}),
      unarrived: false,
      owes: true,
      plain: !this.#marked.has(config.no),
      admits: (op: TargetOp) => admits(op, client),
      done: (page) => post({ type: "lane", config: config.no, event: { type: "page", ticket, page } }),
      failed: () => post({ type: "lane", config: config.no, event: { type: "readFailed", ticket } }),
    });
  }

  #ended(config: Config, items: readonly InFlight[]): void {
    this.#o.ended?.(config, items.map((item) => item.op.id));
  }

  /** One timer for the set, for the earliest lane; a later one is found when it fires. */
  #arm(at: number): void {
    if (at === Infinity || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    const { clock } = this.#o.runtime;
    const wait = Math.min(Math.max(0, at - clock.now()), LONGEST_TIMER_MS);
    const cancel = clock.after(wait, () => this.#o.post({ type: "due" }));
    this.#timer = { at, cancel };
  }
}
