import type { Effect, Event } from "./core/model.ts";
import { stateName } from "./core/model.ts";
import { guarded } from "./emitter.ts";
import type { Engine, Hooks } from "./engine.ts";
import { launch } from "./launch.ts";
import { reportOf } from "./message.ts";
import { metaConfigOf, type MPFramework } from "./mp_framework.ts";
import type { ConnectionListener, ISyncCallback, SyncMessage } from "./mp_types.ts";
import { ConnectionEvent, ConnectionType } from "./mp_types.ts";
import { MpObservers } from "./mp_observers.ts";
import { checkBizType, isBizType, isId } from "./options.ts";
import type { Platform } from "./platform/platform.ts";
import type { MPSyncOptions, Problem } from "./types.ts";

type Deliver = Extract<Effect, { type: "deliver" }>;

const CHANGES = {
  connecting: ConnectionType.Connecting,
  connected: ConnectionType.Connected,
  disconnected: ConnectionType.Disconnected,
  connectFailed: ConnectionType.ConnectFailed,
} as const;

/** What stands behind the static methods of `MPSync`. Calls before `initialize` are kept for it. */
export class MpFace {
  readonly observers: MpObservers;
  readonly #platform: Platform;
  readonly #callbacks = new Map<string, ISyncCallback>();
  readonly #listeners = new Set<ConnectionListener>();
  /** Which ops a message stands for; a copy of it is found by its ids. */
  readonly #delivered = new WeakMap<object, Deliver>();
  #options: MPSyncOptions = {};
  #engine: Engine | null = null;
  #unwatch = () => {};
  #early: Event[] = [];
  #change: ConnectionType = ConnectionType.Unknown;
  #problem: (problem: Problem) => void = (p) => console.warn(p.message, p.cause ?? "");

  constructor(platform: Platform) {
    this.#platform = platform;
    this.observers = new MpObservers();
  }

  setup(options: MPSyncOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  /** @throws TypeError if nothing says where the server is */
  initialize(framework: MPFramework, context: unknown): void {
    if (this.#engine) return;
    const options = { ...this.#options };
    const config = options.config ?? metaConfigOf(context) ?? metaConfigOf(framework.context);
    if (config) options.config = config;
    const { onProblem } = options;
    if (onProblem) this.#problem = (problem) => guarded(() => onProblem(problem));
    const hooks: Hooks = {
      deliver: (effect) => this.#deliver(effect),
      command: ({ biz, command }) => {
        const userId = this.#engine?.core.user?.userId ?? "";
        this.#safely(() => this.#callbacks.get(biz)?.onReceiveCommand?.({ userId, biz, command }));
      },
      connection: (effect) => this.#tell(effect),
      consistency() {},
      problem: this.#problem,
      changed() {},
    };
    const { engine, unwatch } = launch(options, this.#platform, { hooks, follow: false });
    this.#engine = engine;
    this.#unwatch = unwatch;
    for (const event of this.#early.splice(0)) engine.post(event);
    engine.post({ type: "start" });
  }

  post(event: Event): void {
    if (this.#engine) this.#engine.post(event);
    else this.#early.push(event);
  }

  login(userId: string, sessionId: string): boolean {
    if (!isId(userId) || !isId(sessionId)) return false;
    this.post({ type: "login", userId, sessionId });
    return true;
  }

  registerBiz(biz: string, callback: ISyncCallback): void {
    checkBizType(biz);
    this.#callbacks.set(biz, callback);
    this.post({ type: "register", biz });
  }

  unregisterBiz(biz: string): void {
    this.#callbacks.delete(biz);
    if (!this.observers.has(biz)) this.post({ type: "unregister", biz });
  }

  observe(biz: string, observer: object, selector: Parameters<MpObservers["add"]>[2]): boolean {
    if (!isBizType(biz) || !this.observers.add(biz, observer, selector)) return false;
    this.post({ type: "register", biz });
    return true;
  }

  unobserve(biz: string | null, observer: object): boolean {
    const left = this.observers.remove(biz, observer);
    for (const biz of left) {
      if (!this.#callbacks.has(biz) && !this.observers.has(biz)) this.post({ type: "unregister", biz });
    }
    return left.length > 0;
  }

  /**
   * @param about the object that the app was handed
   * @param copy what it says, for a copy of it that came over a bridge
   */
  report(about: object, copy: SyncMessage): void {
    const known = this.#delivered.get(about);
    const report = known
      ? reportOf(known, known.ops.map((op) => op.id))
      : { biz: copy.biz, userId: copy.userId, ids: idsOf(copy.msgData) };
    this.post({ type: "report", report });
  }

  get connected(): boolean {
    return this.#engine !== null && stateName(this.#engine.core) === "online";
  }

  get connectionType(): ConnectionType {
    return this.#change;
  }

  get deviceId(): string {
    return this.#engine?.deviceId ?? this.#options.deviceId ?? "";
  }

  addListener(listener: ConnectionListener): void {
    this.#listeners.add(listener);
  }

  removeListener(listener: ConnectionListener): void {
    this.#listeners.delete(listener);
  }

  /** Ends the client; afterwards `initialize` starts a new one. */
  async shutdown(): Promise<void> {
    const engine = this.#engine;
    this.#unwatch();
    this.#engine = null;
    await engine?.close();
    this.#change = ConnectionType.Unknown;
  }

  #deliver(effect: Deliver): void {
    // JSON leaves out what is undefined.
    const msgData = JSON.stringify(effect.ops.map(({ id, mid, pl, isB, late }) => ({ id, mid, pl, isB, late })));
    const callback = this.#callbacks.get(effect.biz);
    if (callback) {
      const message: SyncMessage = { userId: effect.userId, biz: effect.biz, msgData };
      this.#delivered.set(message, effect);
      this.#safely(() => callback.onReceiveMessage(message));
    }
    for (const call of this.observers.of(effect.biz)) {
      const userInfo = { bizType: effect.biz, userId: effect.userId, op: msgData };
      this.#delivered.set(userInfo, effect);
      this.#safely(() => call({ name: effect.biz, userInfo }));
    }
  }

  #tell(effect: Extract<Effect, { type: "connection" }>): void {
    this.#change = CHANGES[effect.change];
    const event = new ConnectionEvent(this.#change, effect.reason);
    for (const listener of [...this.#listeners]) this.#safely(() => listener.onConnectionStateChanged(event));
  }

  /** What one of the app's callbacks throws keeps no other from hearing. */
  #safely(call: () => void): void {
    try {
      call();
    } catch (cause) {
      this.#problem({ code: "callback", message: "A callback threw", cause });
    }
  }
}

function idsOf(msgData: string): number[] {
  try {
    const items: unknown = JSON.parse(msgData);
    if (!Array.isArray(items)) return [];
    return items.map((item: { id?: unknown }) => item?.id).filter((id) => typeof id === "number");
  } catch {
    return [];
  }
}
