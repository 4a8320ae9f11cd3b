/** A client on a scripted wire: the app's side, the server's side and the time are all the test's. */
import type { Effect, Problem, Report } from "../../../sdk/core/model.ts";
import { type StateName, stateName } from "../../../sdk/core/model.ts";
import { nextDeadline } from "../../../sdk/core/step.ts";
import { Engine } from "../../../sdk/engine.ts";
import { reportOf } from "../../../sdk/message.ts";
import { DEFAULT_TIMING } from "../../../sdk/options.ts";
import { type Lead, type LeadEvents, soleLead } from "../../../sdk/platform/lead.ts";
import type { SyncStore } from "../../../sdk/store.ts";
import { MemoryStore } from "../../../sdk/stores/memory.ts";
import type { Clock } from "../../../sdk/platform/clock.ts";
import { FakeClock } from "./fake_clock.ts";
import { until } from "./until.ts";
import { welcome, type Wire, wires } from "./wire.ts";

export type Deliver = Extract<Effect, { type: "deliver" }>;

export type BenchOptions = {
  store?: SyncStore;
  clock?: FakeClock;
  /** What the client sees of the clock, where that differs. */
  time?: Clock;
  lead?: (events: LeadEvents) => Lead;
  keepInBackground?: boolean;
  secret?: string;
  deviceId?: string;
  random?: number;
};

export class Bench implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly store: SyncStore;
  readonly engine: Engine;
  readonly wires = wires();
  readonly delivered: Deliver[] = [];
  readonly commands: string[] = [];
  readonly connection: string[] = [];
  readonly consistency: string[] = [];
  readonly problems: Problem[] = [];
  /** Called with every delivery, as the app's callback would be. */
  onDeliver: (effect: Deliver) => void = () => {};

  constructor(options: BenchOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    this.store = options.store ?? new MemoryStore({ durable: true });
    const settings = {
      instanceId: "i_1",
      about: { sdk: "test/1", os: "web", appVersion: "1.2.0" },
      keepInBackground: options.keepInBackground ?? false,
      timing: DEFAULT_TIMING,
      ...(options.deviceId ? { deviceId: options.deviceId } : {}),
    };
    this.engine = new Engine({
      settings,
      url: "ws://test/sync",
      secret: options.secret,
      store: this.store,
      webSocket: this.wires.webSocket,
      lead: options.lead ?? soleLead,
      clock: options.time ?? this.clock,
      random: () => options.random ?? 0.5,
    }, {
      deliver: (effect) => {
        this.delivered.push(effect);
        this.onDeliver(effect);
      },
      command: ({ biz, command }) => this.commands.push(`${biz} ${command}`),
      connection: ({ change, reason }) => this.connection.push(reason ? `${change}: ${reason}` : change),
      consistency: ({ userId, verdict }) => this.consistency.push(`${userId} ${verdict}`),
      problem: (problem) => this.problems.push(problem),
      changed() {},
    });
  }

  get state(): StateName {
    return stateName(this.engine.core);
  }

  get wire(): Wire {
    return this.wires.last();
  }

  /** Ids handed to the app, in order. */
  get ids(): number[] {
    return this.delivered.flatMap((d) => d.ops.map((o) => o.id));
  }

  async reach(state: StateName): Promise<void> {
    await until(`state ${state}, not ${this.state}`, () => this.state === state);
  }

  /** From a start to the hello. */
  async hello(): Promise<Wire> {
    if (this.state === "idle") this.engine.post({ type: "start" });
    await until("a delay or a socket", () => this.state === "waiting" || this.state === "connecting");
    if (this.state === "waiting") this.due();
    this.wire.open();
    await until("hello", () => this.wire.last("hello") !== undefined);
    return this.wire;
  }

  /** Goes on to what the client waits for next. */
  due(): void {
    const at = nextDeadline(this.engine.core);
    if (at !== null) this.clock.advance(Math.max(0, at - this.clock.now()));
  }

  /** From a start to the welcome. */
  async online(epoch = "e-1"): Promise<Wire> {
    const wire = await this.hello();
    wire.say(welcome(epoch));
    await this.reach("online");
    return wire;
  }

  report(delivery: Deliver, ids = delivery.ops.map((o) => o.id)): void {
    this.engine.post({ type: "report", report: reportOf(delivery, ids) as Report });
  }

  /** Everything that was decided is stored and its outcome known. */
  async quiet(): Promise<void> {
    await until("the store to be quiet", () => {
      const { life } = this.engine.core;
      return life.tag !== "leading" || (life.ledger.writing === null && life.ledger.dirty.size === 0);
    });
  }

  /** Ends as a crash does: nothing more is written, nothing is said. */
  crash(): void {
    this.wires.all.forEach((w) => w.onmessage = w.onclose = w.onopen = null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
  }
}
