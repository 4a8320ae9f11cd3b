import type { Broadcaster } from "../actors/broadcaster.ts";
import type { Recorder } from "../actors/recorder.ts";
import type { Registry } from "../actors/registry.ts";
import type { Catalog } from "../db/catalog.ts";
import type { DeliveryStore } from "../db/delivery.ts";
import { analyzeGrown } from "../db/growth.ts";
import type { SessionStore } from "../db/sessions.ts";
import type { Sql } from "../db/sql.ts";
import { enforceThreshold, sweep } from "../db/sweeper.ts";
import type { Clock } from "./clock.ts";

export type HousekeepingDeps = {
  sql: Sql;
  /** A connection of its own that listens for evictions. */
  listener: Sql;
  node: string;
  clock: Clock;
  catalog: Catalog;
  registry: Registry;
  broadcaster: Broadcaster;
  recorder: Recorder;
  store: DeliveryStore;
  sessions: SessionStore;
  log: (level: "info" | "warning" | "error", message: string, fields?: object) => void;
};

/** How often hints that got lost are looked for, ms (STR-3: within 5 s). */
const LOST_HINTS_MS = 2_000;
/** An op may be committed so long after it was accepted; now and then commits are looked for that took longer. */
const COMMIT_MS = 4_000;
const LOOK_FAR_BACK_MS = 90_000;
const FAR_EVERY = 15;
const BEAT_MS = 2_000;
const GROWTH_MS = 2_000;
const SWEEP_MS = 60_000;
const PAUSE_MS = 20;

/** What the server does beside answering: finds lost hints, says that it lives, gives sessions up, cleans. */
export class Housekeeping implements AsyncDisposable {
  readonly #d: HousekeepingDeps;
  readonly #cancels = new Set<() => void>();
  readonly #under = new Set<Promise<void>>();
  #stopped = false;
  /** The others have removed the rows of this process. */
  #forgotten = false;
  #polls = 0;
  /** When hints were last looked for with success, ms. */
  #polledAt: number;
  #unsubscribe: () => void = () => {};

  constructor(deps: HousekeepingDeps) {
    this.#d = deps;
    this.#polledAt = deps.clock.now();
  }

  async start(): Promise<void> {
    const { listener, sessions, clock, catalog, registry, broadcaster } = this.#d;
    await sessions.beat(clock.now());
    await broadcaster.loadAll();
    await listener.listen("syncline_evict", (payload) => this.#evict(payload));
    await listener.listen("syncline_kick", (payload) => this.#kick(payload));
    this.#unsubscribe = catalog.onChange((change) => {
      registry.changed(change);
      for (const { before, after } of change.configs) {
        if (after?.scope === "global" && !before) void broadcaster.load(after);
        const lowered = after?.threshold && (before?.threshold ?? Infinity) > after.threshold;
        if (before && lowered) {
          this.#run(() => this.#cut(after.no));
        }
      }
    });
    this.#every(LOST_HINTS_MS, () => this.findLostHints());
    this.#every(BEAT_MS, async () => {
      registry.writeRows();
      if (await sessions.beat(clock.now())) this.#forgotten = true;
      if (this.#forgotten) await registry.reclaim();
      this.#forgotten = false;
      for (const { connection, seq } of await sessions.evicted()) this.#end(connection, seq);
    });
    const sizes = new Map<string, number>();
    this.#every(GROWTH_MS, () => analyzeGrown(this.#d.sql, sizes));
    this.#every(SWEEP_MS, async () => {
      await sweep(this.#d.sql, clock.now(), () => this.#pause());
    });
  }

  /** Looks for ops that live streams have not heard of, in one query for all of them. */
  async findLostHints(): Promise<void> {
    const { store, registry, catalog, clock } = this.#d;
    const now = clock.now();
    const far = ++this.#polls % FAR_EVERY === 0;
    const since = Math.min(now, this.#polledAt) - (far ? LOOK_FAR_BACK_MS : COMMIT_MS);
    const rows = await store.recentHeads(since);
    const heads = rows ?? await this.#headsOfOwners();
    this.#polledAt = now;
    for (const { config: no, owner, head } of heads) {
      const config = catalog.configByNo(no);
      if (config) registry.head(config, owner, head);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#unsubscribe();
    // the listening connection ends with its pool: a word on it could wait for ever where it has just been lost
    await Promise.all(this.#under);
  }

  /** THR-1: what has just been sent stays, so that must be known in the database. */
  async #cut(config: number): Promise<void> {
    const { recorder, sql, clock } = this.#d;
    await recorder.flush();
    await enforceThreshold(sql, config, clock.now(), () => this.#pause());
  }

  async #headsOfOwners() {
    const { store, registry, catalog } = this.#d;
    const owners = [...registry.owners(), ...catalog.instances().map(({ no }) => ({ instance: no, owner: "" }))];
    const heads = [];
    for (let at = 0; at < owners.length; at += 1_000) heads.push(...await store.headsOf(owners.slice(at, at + 1_000)));
    return heads;
  }

  #kick(payload: string): void {
    const [node, connectionId] = payload.split(" ");
    if (node === this.#d.node && connectionId) this.#end(connectionId, null);
  }

  #evict(payload: string): void {
    const [node, connectionId, seq] = payload.split(" ");
    if (node === this.#d.node && connectionId) this.#end(connectionId, Number(seq));
  }

  /** @param seq of the session that took over; null: an operator ended this one */
  #end(connectionId: string, seq: number | null): void {
    if (seq !== null) this.#d.registry.evict(connectionId, seq);
    else this.#d.registry.kick((session) => session.connection.id === connectionId);
  }

  #every(ms: number, work: () => Promise<unknown>): void {
    const next = () => {
      if (this.#stopped) return;
      const cancel = this.#d.clock.after(ms, () => {
        this.#cancels.delete(cancel);
        this.#run(work, next);
      });
      this.#cancels.add(cancel);
    };
    next();
  }

  #run(work: () => Promise<unknown>, then: () => void = () => {}): void {
    const task: Promise<void> = work().then(() => {}, (error) => {
      if (!this.#stopped) this.#d.log("warning", "housekeeping failed, it is tried again", { error: String(error) });
    }).finally(() => {
      this.#under.delete(task);
      then();
    });
    this.#under.add(task);
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => this.#d.clock.after(PAUSE_MS, resolve));
    if (this.#stopped) throw new Error("Cannot go on: the server is stopping");
  }
}
