/**
 * Runs the core: events go in, one at a time; effects are performed in order; their outcomes come back as events. All
 * waiting is here, all deciding in `core/step.ts`.
 */
import { Connection } from "./connection.ts";
import type { Core, Effect, Event, Problem, Settings } from "./core/model.ts";
import { streamOf } from "./core/stream.ts";
import { initialCore, nextDeadline, step } from "./core/step.ts";
import type { Clock } from "./platform/clock.ts";
import type { Lead, LeadEvents } from "./platform/lead.ts";
import { randomId } from "./platform/random.ts";
import type { SocketClass } from "./platform/socket.ts";
import type { SyncStore } from "./store.ts";
import { MemoryStore } from "./stores/memory.ts";

/** What the two faces are told. None of it throws: what the app's code throws is their affair. */
export type Hooks = {
  deliver(effect: Extract<Effect, { type: "deliver" }>): void;
  command(effect: Extract<Effect, { type: "command" }>): void;
  connection(effect: Extract<Effect, { type: "connection" }>): void;
  consistency(effect: Extract<Effect, { type: "consistency" }>): void;
  problem(problem: Problem): void;
  /** The state may be another one than before. */
  changed(): void;
};

export type Parts = {
  settings: Settings;
  url: string;
  /** App secret for signing (SIG-2). */
  secret?: string | undefined;
  store: SyncStore;
  webSocket: SocketClass;
  lead: (events: LeadEvents) => Lead;
  clock: Clock;
  random: () => number;
};

/** A store that does not answer must not silence the client. */
const STORE_TIMEOUT_MS = 10_000;

export class Engine {
  readonly #parts: Parts;
  readonly #hooks: Hooks;
  readonly #lead: Lead;
  #core: Core;
  #store: SyncStore;
  #queue: Event[] = [];
  #running = false;
  #connection: Connection | null = null;
  #cancelTimer = () => {};
  /** The time of the latest look at the clock, and how far the clock was set back before. */
  #last = 0;
  #ahead = 0;
  /** Store and lead are used one after the other, in the order of the effects. */
  #tail: Promise<void> = Promise.resolve();
  /** The store that has a write under way, if only after its time: no other is made beside it. */
  #stuck: SyncStore | null = null;

  constructor(parts: Parts, hooks: Hooks) {
    this.#parts = parts;
    this.#hooks = hooks;
    this.#store = parts.store;
    this.#core = initialCore(parts.settings);
    this.#lead = parts.lead({
      granted: () => this.post({ type: "lead" }),
      lost: () => this.post({ type: "leadLost" }),
      told: (message) => this.post({ type: "peer", message }),
    });
  }

  get core(): Core {
    return this.#core;
  }

  /** @returns the device id, once it is known */
  get deviceId(): string | null {
    return this.#core.deviceId;
  }

  /** Takes in one event. Called while another is processed (an app reports inside its callback), it waits its turn. */
  post(event: Event): void {
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#take(next);
    } finally {
      this.#running = false;
    }
    this.#setTimer();
    this.#hooks.changed();
  }

  /** Stops, and resolves when everything reported is stored and the lead is given up. */
  async close(): Promise<void> {
    this.post({ type: "stop" });
    await this.#tail;
    this.#lead.close();
  }

  #take(event: Event): void {
    const at = { now: this.#now(), random: this.#parts.random() };
    const { core, effects } = step(this.#core, event, at);
    this.#core = core;
    for (const effect of effects) (this.#perform[effect.type] as (effect: Effect) => void)(effect);
  }

  #setTimer(): void {
    this.#cancelTimer();
    this.#cancelTimer = () => {};
    const due = nextDeadline(this.#core);
    if (due === null) return;
    this.#cancelTimer = this.#parts.clock.after(Math.max(0, due - this.#now()), () => {
      // Whatever the clock says now.
      this.#last = due;
      this.post({ type: "tick" });
    });
  }

  /** Never goes back: a clock that is set back by an hour would put off by an hour whatever is waited for. */
  #now(): number {
    const now = this.#parts.clock.now();
    this.#ahead = Math.max(this.#ahead, this.#last - now);
    return this.#last = now + this.#ahead;
  }

  readonly #perform: { [K in Effect["type"]]: (effect: Extract<Effect, { type: K }>) => void } = {
    acquire: () => this.#then(() => this.#lead.acquire()),
    steal: () => this.#then(() => this.#lead.steal()),
    release: () => this.#then(() => this.#release()),
    tell: ({ message }) => this.#lead.tell(message),
    load: ({ term }) => this.#then(() => this.#load(term)),
    write: (effect) => this.#then(() => this.#write(effect)),
    open: ({ conn }) => this.#open(conn),
    send: ({ conn, frame, signAt }) => this.#at(conn)?.send(frame, signAt),
    close: ({ conn, code, reason }) => this.#at(conn)?.close(code, reason),
    deliver: (effect) => {
      const { owner } = streamOf(effect.key);
      const changed = (e: Event) =>
        e.type === "unregister"
          ? e.biz === effect.biz
          : owner !== "" && (e.type === "logout" || (e.type === "login" && e.userId !== owner));
      // In a callback just before, the app has changed the user or who listens: it comes again for the next.
      if (!this.#queue.some(changed)) this.#hooks.deliver(effect);
    },
    command: (effect) => this.#hooks.command(effect),
    connection: (effect) => this.#hooks.connection(effect),
    consistency: (effect) => this.#hooks.consistency(effect),
    problem: ({ problem }) => this.#hooks.problem(problem),
  };

  #at(conn: number): Connection | null {
    return this.#connection?.conn === conn ? this.#connection : null;
  }

  #then(work: () => void | Promise<void>): void {
    this.#tail = this.#tail.then(work).catch((cause) => {
      this.#hooks.problem({ code: "platform", message: "Cannot use the store", cause });
    });
  }

  #open(conn: number): void {
    const { url, webSocket, settings, secret } = this.#parts;
    this.#connection = new Connection({
      conn,
      url,
      webSocket,
      signing: { secret, instanceId: settings.instanceId, deviceId: () => this.deviceId ?? "" },
      post: (event) => this.post(event),
      problem: (problem) => this.#hooks.problem(problem),
    });
  }

  async #load(term: number): Promise<void> {
    this.#store = this.#parts.store;
    let entries: ReadonlyMap<string, string> = new Map();
    try {
      entries = await this.#inTime(this.#store.load());
    } catch (cause) {
      this.#store = new MemoryStore();
      const message = "Cannot use the store";
      this.#hooks.problem({ code: "storage", message, cause });
    }
    this.post({ type: "loaded", term, entries, durable: this.#store.durable, freshId: randomId() });
  }

  async #write(effect: Extract<Effect, { type: "write" }>): Promise<void> {
    const store = this.#store;
    try {
      if (this.#stuck === store) throw new Error("no answer");
      const work = store.write(effect);
      this.#stuck = store;
      const answered = () => this.#stuck = null;
      work.then(answered, answered);
      await this.#inTime(work);
      this.post({ type: "saved", n: effect.n });
    } catch (cause) {
      this.post({ type: "failed", n: effect.n, cause });
    }
  }

  async #release(): Promise<void> {
    await this.#inTime(this.#store.close()).catch(() => {});
    this.#lead.release();
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#parts.clock.after(STORE_TIMEOUT_MS, () => reject(new Error("no answer")));
      work.then(resolve, reject).finally(cancel);
    });
  }
}
