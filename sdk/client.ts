import type { Core } from "./core/model.ts";
import { type StateName, stateName } from "./core/model.ts";
import type { Engine, Hooks } from "./engine.ts";
import { Emitter } from "./emitter.ts";
import { launch } from "./launch.ts";
import { checkBizType, isId } from "./options.ts";
import type { Platform } from "./platform/platform.ts";
import { Subscriber } from "./subscriber.ts";
import type { PayloadSchema, Problem, RawPayload, SyncMessageOf, SyncOptions } from "./types.ts";

export type ClientOptions = SyncOptions & {
  /** Closes the client when it is aborted. */
  signal?: AbortSignal;
};

/**
 * - `connecting`: an attempt is under way, or the next one is waited for
 * - `connected`: the server has welcomed this client
 * - `background`: no connection on purpose
 * - `standby`: another tab leads and receives
 * - `stopped`: told by the server to stay away, or closed
 */
export type ClientStatus = "connecting" | "connected" | "background" | "standby" | "stopped";

export type ClientEvents = {
  status: { status: ClientStatus; reason: string };
  problem: Problem;
  command: { biz: string; command: "online" | "offline" };
  /** What the tenant said about the user's session; configs with user consistency deliver only on `valid`. */
  consistency: { userId: string; verdict: "valid" | "invalid" | "unknown" };
};

export type SubscribeOptions = {
  /** Ends the subscription. */
  signal?: AbortSignal;
  /** The app calls `message.received()` itself. @default false: received when the handler has returned */
  manual?: boolean;
};

/** With a schema that payloads go through; without one they are text, or bytes. */
export type TypedSubscribeOptions<T> = SubscribeOptions & { schema: PayloadSchema<T> };

/** What it returns is waited for, whatever it resolves to. */
export type Handler<T> = (message: SyncMessageOf<T>) => unknown;

/** The modern face: callbacks or async iteration, AbortSignal, typed payloads. Made by `createSyncClient`. */
export class SyncClient implements AsyncDisposable {
  /** Null only while it is made: a page that is hidden at the start is said so then. */
  readonly #engine: Engine | null = null;
  readonly #events = new Emitter<ClientEvents>();
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #unwatch: () => void;
  #status: ClientStatus = "connecting";
  #reason = "";
  #closed = false;
  #done: Promise<void> = Promise.resolve();

  constructor(options: ClientOptions, platform: Platform) {
    const hooks: Hooks = {
      deliver: (effect) => this.#subscribers.get(effect.biz)?.take(effect),
      command: ({ biz, command }) => this.#events.emit("command", { biz, command }),
      connection: ({ reason }) => this.#reason = reason,
      consistency: ({ userId, verdict }) => this.#events.emit("consistency", { userId, verdict }),
      problem: (problem) => this.#events.emit("problem", problem),
      changed: () => this.#setStatus(),
    };
    const { engine, unwatch } = launch(options, platform, { hooks, follow: true });
    this.#engine = engine;
    this.#unwatch = unwatch;
    options.signal?.addEventListener("abort", () => void this.close(), { once: true });
    if (options.signal?.aborted) void this.close();
    // The app adds its listeners and subscribers first.
    else queueMicrotask(() => this.#post({ type: "start" }));
  }

  get status(): ClientStatus {
    return this.#status;
  }

  /** Null until the store is read. */
  get deviceId(): string | null {
    return this.#engine?.deviceId ?? null;
  }

  /**
   * Says who is logged in; to be called at every login, automatic ones too, and when the session id changes.
   *
   * @throws TypeError if an id is not 1-100 well-formed characters
   */
  login(user: { userId: string; sessionId: string }): void {
    if (!isId(user.userId) || !isId(user.sessionId)) throw new TypeError("Cannot log in: invalid id");
    for (const subscriber of this.#subscribers.values()) subscriber.only(user.userId);
    this.#post({ type: "login", userId: user.userId, sessionId: user.sessionId });
  }

  logout(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.only(null);
    this.#post({ type: "logout" });
  }

  /** The app is in front: connects, or proves that the connection lives. Also brings back a client that was kicked. */
  foreground(): void {
    this.#post({ type: "foreground", asked: true });
  }

  /** The app is in the background: closes the connection, unless `keepInBackground`. */
  background(): void {
    this.#post(BACKGROUND);
  }

  /** Starts again after the server told this client to stay away. */
  reconnect(): void {
    this.#post({ type: "start" });
  }

  /**
   * Receives the messages of a config, one at a time and in order. A message counts as received when the handler has
   * returned; if it throws, the message comes again.
   *
   * @returns ends the subscription; what it has not received, and what comes then, is kept for the next one
   * @throws if `biz` has a subscriber
   */
  subscribe<T>(biz: string, handler: Handler<T>, options: TypedSubscribeOptions<T>): () => void;
  subscribe(biz: string, handler: Handler<RawPayload>, options?: SubscribeOptions): () => void;
  subscribe(
    biz: string,
    handler: Handler<never>,
    options: SubscribeOptions & { schema?: PayloadSchema<unknown> } = {},
  ): () => void {
    return this.#begin(biz, handler, options, () => {});
  }

  #begin(
    biz: string,
    handler: Handler<never>,
    { schema, signal, manual = false }: SubscribeOptions & { schema?: PayloadSchema<unknown> },
    ended: () => void,
  ): () => void {
    checkBizType(biz);
    if (this.#subscribers.has(biz)) throw new Error(`Cannot subscribe to ${biz} twice`);
    const subscriber = new Subscriber({
      schema,
      manual,
      handler: handler as Handler<unknown>,
      report: (report) => this.#post({ type: "report", report }),
      problem: (problem) => this.#events.emit("problem", problem),
      ended,
    });
    this.#subscribers.set(biz, subscriber);
    const end = () => {
      signal?.removeEventListener("abort", end);
      if (this.#subscribers.get(biz) !== subscriber) return;
      this.#subscribers.delete(biz);
      subscriber.end();
      this.#post({ type: "unregister", biz });
    };
    signal?.addEventListener("abort", end);
    if (this.#closed || signal?.aborted) end();
    else this.#post({ type: "register", biz });
    return end;
  }

  /**
   * Receives the messages of a config by `for await`. A message counts as received when the loop comes back for the
   * next one, or at `message.received()`; the one at which the loop is left does not, and comes again.
   */
  messages<T>(
    biz: string,
    options: TypedSubscribeOptions<T>,
  ): AsyncGenerator<SyncMessageOf<T>, void, undefined>;
  messages(biz: string, options?: SubscribeOptions): AsyncGenerator<SyncMessageOf<RawPayload>, void, undefined>;
  async *messages(
    biz: string,
    options: SubscribeOptions & { schema?: PayloadSchema<unknown> } = {},
  ): AsyncGenerator<SyncMessageOf<never>, void, undefined> {
    // One message at a time: the subscriber waits with the next one until the loop comes back.
    let slot: { message: SyncMessageOf<never>; taken: () => void } | null = null;
    let wake = () => {};
    let ended = false;
    const handler: Handler<never> = (message) =>
      new Promise<void>((taken) => {
        slot = { message, taken };
        wake();
      });
    const end = this.#begin(biz, handler, options, () => {
      ended = true;
      wake();
    });
    try {
      while (!ended) {
        const next = slot as { message: SyncMessageOf<never>; taken: () => void } | null;
        slot = null;
        if (!next) {
          await new Promise<void>((resolve) => wake = resolve);
          continue;
        }
        yield next.message;
        next.taken();
      }
    } finally {
      end();
    }
  }

  /** Listens to one kind of event. @returns ends it */
  on<K extends keyof ClientEvents>(event: K, listener: (detail: ClientEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Closes the connection for good and resolves when everything reported is stored. */
  close(): Promise<void> {
    if (this.#closed) return this.#done;
    this.#closed = true;
    this.#unwatch();
    for (const subscriber of this.#subscribers.values()) subscriber.end();
    return this.#done = this.#engine!.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #post(event: Parameters<Engine["post"]>[0]): void {
    if (this.#closed) return;
    this.#engine?.post(event);
  }

  #setStatus(): void {
    if (!this.#engine) return;
    const status = this.#closed ? "stopped" : statusOf(this.#engine.core);
    if (status === this.#status) return;
    this.#status = status;
    if (status === "standby") { for (const subscriber of this.#subscribers.values()) subscriber.only(); }
    this.#events.emit("status", { status, reason: this.#closed ? "closed" : this.#reason });
  }
}

const BACKGROUND = { type: "background" } as const;

/** Every other state is on its way to a connection. */
const STATUS: Partial<Record<StateName, ClientStatus>> = {
  standby: "standby",
  parked: "background",
  online: "connected",
  stopped: "stopped",
};

function statusOf(core: Core): ClientStatus {
  return STATUS[stateName(core)] ?? "connecting";
}
