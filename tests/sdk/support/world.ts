import { decode } from "../../../sdk/core/records.ts";
import type { StoreChanges } from "../../../sdk/store.ts";
import { MemoryStore } from "../../../sdk/stores/memory.ts";
import { Bench, type Deliver } from "./bench.ts";
import { type ModelOp, ModelServer, ModelStream } from "./model_server.ts";

/** Durable content apart from the client, with writes that can be held; a crash forgets those that are held. */
export class CrashStore {
  readonly entries = new Map<string, string>();
  #held = false;
  #mounts = 0;
  #waiting: (() => void)[] = [];

  mount(): MemoryStore {
    const { entries } = this;
    const mounted = ++this.#mounts;
    const current = () => this.#mounts === mounted;
    const gate = () => this.#held ? new Promise<void>((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
    return new (class extends MemoryStore {
      override load() {
        return Promise.resolve(new Map(entries));
      }
      override async write(changes: StoreChanges) {
        await gate();
        // The process that wrote is no more.
        if (!current()) return new Promise<void>(() => {});
        for (const [key, value] of changes.puts) entries.set(key, value);
        for (const key of changes.deletes) entries.delete(key);
      }
    })({ durable: true });
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  crash(): void {
    this.#held = false;
    this.#waiting = [];
  }
}

export const BIZ = ["CHAT", "LOCK"];

/** One device, its app, its server, and what must hold between them. */
export class World {
  readonly server = new ModelServer([
    new ModelStream("user", "CHAT", "u1"),
    new ModelStream("user", "CHAT", "u2"),
    new ModelStream("device", "LOCK", ""),
  ]);
  readonly disk = new CrashStore();
  bench = this.#launch();
  /** Reported by the app, by stream and id: `false` while it may be lost in a crash. */
  readonly reported = new Map<string, Map<number, boolean>>();
  /** What the app was handed and has not reported. */
  hands: { delivery: Deliver; id: number }[] = [];
  /** First appearances that fell into this run of the app, per stream, without late ones. */
  readonly seen = new Map<string, number[]>();
  readonly broken: string[] = [];
  user: string | null = null;
  readonly registered = new Set<string>();

  constructor() {
    this.server.onAcked = (stream, op) => this.#judgeAck(stream, op);
  }

  #launch(): Bench {
    const bench = new Bench({ store: this.disk.mount() });
    bench.onDeliver = (delivery) => this.#handed(delivery);
    return bench;
  }

  #handed(delivery: Deliver): void {
    const reported = this.reported.get(delivery.key) ?? new Map();
    if (!this.registered.has(delivery.biz)) this.broken.push(`${delivery.biz} is not registered`);
    for (const op of delivery.ops) {
      if (reported.get(op.id) === true) {
        this.broken.push(`${delivery.key} ${op.id} handed on after its report was stored`);
      }
      if (reported.get(op.id) === false && this.bench === this.#reporter) {
        this.broken.push(`${delivery.key} ${op.id} handed on after its report, without a restart`);
      }
      this.#appeared(delivery.key, op.id, op.late === true);
      this.hands.push({ delivery, id: op.id });
    }
  }

  /** What the app of this installation is handed for the first time rises, except late ops. */
  #appeared(key: string, id: number, late: boolean): void {
    const ever = this.#ever.get(key) ?? new Set();
    this.#ever.set(key, ever);
    if (ever.has(id)) return;
    const firsts = this.seen.get(key) ?? [];
    this.seen.set(key, firsts);
    if (!late && firsts.some((first) => first > id)) this.broken.push(`${key} ${id} first seen after a higher one`);
    ever.add(id);
    if (!late) firsts.push(id);
  }

  readonly #ever = new Map<string, Set<number>>();
  #reporter: Bench | null = null;

  report(pick: (length: number) => number): void {
    if (!this.hands.length) return;
    const { delivery, id } = this.hands.splice(pick(this.hands.length), 1)[0]!;
    this.hands = this.hands.filter((h) => h.id !== id || h.delivery.key !== delivery.key);
    const reported = this.reported.get(delivery.key) ?? new Map<number, boolean>();
    this.reported.set(delivery.key, reported.set(id, false));
    this.#reporter = this.bench;
    this.bench.report(delivery, [id]);
  }

  /** An op may count as acked only when the disk says so, and the disk only what the app or the kept records say. */
  #judgeAck(stream: ModelStream, op: ModelOp): void {
    this.#look();
    const { ledger } = decode(this.disk.entries, { durable: true, freshId: "x" });
    const stored = ledger.streams.get(stream.key);
    const known = stored && (stored.reported.has(op.id) || op.id <= stored.point);
    if (!known) this.broken.push(`${stream.key} ${op.id} acked before it is stored`);
    const byApp = this.reported.get(stream.key)?.has(op.id) ?? false;
    const kept = this.#everKept.has(`${stream.key} ${op.id}`);
    if (!byApp && !kept) this.broken.push(`${stream.key} ${op.id} acked, but the app never reported it`);
  }

  readonly #everKept = new Set<string>();

  /** Takes note of what is on the disk. */
  #look(): void {
    const { ledger } = decode(this.disk.entries, { durable: true, freshId: "x" });
    for (const [key, stream] of ledger.streams) {
      for (const k of stream.kept) this.#everKept.add(`${key} ${k.id}`);
      for (const id of this.reported.get(key)?.keys() ?? []) {
        // A message that is still kept is known as received, but not from the app.
        const kept = stream.kept.some((k) => k.id === id);
        if (stream.reported.has(id) && !kept) this.reported.get(key)!.set(id, true);
      }
    }
  }

  /** Lets everything run that is ready to. */
  async settle(ticks = 12): Promise<void> {
    for (let n = 0; n < ticks; n++) {
      await null;
      this.#look();
    }
  }

  start(): void {
    this.bench.engine.post({ type: "start" });
    if (this.user) this.bench.engine.post({ type: "login", userId: this.user, sessionId: "s" });
    for (const biz of this.registered) this.bench.engine.post({ type: "register", biz });
  }

  connect(): void {
    if (this.bench.state === "waiting") this.bench.due();
    if (this.bench.state === "connecting") this.server.accept(this.bench.wire);
  }

  crash(): void {
    this.#look();
    this.bench.crash();
    this.server.cut();
    this.disk.crash();
    for (const reported of this.reported.values()) {
      for (const [id, stored] of reported) if (!stored) reported.delete(id);
    }
    this.hands = [];
    this.seen.clear();
    this.bench = this.#launch();
    this.start();
  }

  /** What the server gives up, the app never reports either. */
  giveUp(): void {
    this.server.giveUp();
    const gone = new Set(
      this.server.streams.flatMap((s) => s.ops.filter((o) => o.gone).map((o) => `${s.key} ${o.id}`)),
    );
    this.hands = this.hands.filter((h) => !gone.has(`${h.delivery.key} ${h.id}`));
  }

  login(user: string | null): void {
    this.user = user;
    this.bench.engine.post(user ? { type: "login", userId: user, sessionId: "s" } : { type: "logout" });
  }

  register(biz: string, on: boolean): void {
    if (on) this.registered.add(biz);
    else this.registered.delete(biz);
    this.bench.engine.post({ type: on ? "register" : "unregister", biz });
  }
}
