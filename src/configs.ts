import type { Catalog, CatalogChange } from "../db/catalog.ts";
import { postgresCatalog } from "../db/catalog_postgres.ts";
import type { CatalogStore } from "../db/catalog_store.ts";
import { CLEAR, type SecretBox } from "../db/secret_box.ts";
import type { Sql } from "../db/sql.ts";
import { CatalogView } from "./catalog_view.ts";
import type { Clock } from "./clock.ts";

/** The channel on which the database announces changes of the catalog (db/migrations/001_catalog.sql). */
const CHANNEL = "syncline_catalog";
/** A new listening connection may take so long, ms: while it is waited for, nobody polls. */
const LISTEN_MS = 5_000;

export type CatalogOptions = {
  /** Opens a client for the one connection that listens; the pool's connections come and go. */
  connect: () => Sql;
  clock: Clock;
  /** How often the version is asked for, ms: what a lost announcement can cost, and less than a second (CFG-4). @default 800 */
  pollMs?: number;
  /** How secrets lie in the database. @default CLEAR */
  secrets?: SecretBox;
  /** What went wrong, once per outage. */
  onError?: (error: unknown) => void;
};

/** The cached catalog, and `refresh`, after which the caller sees every change that was committed before the call. */
export type LiveCatalog = Catalog & { refresh(): Promise<void> } & AsyncDisposable;

/**
 * Reads the catalog and keeps it fresh: by announcements (LISTEN) at once, by a poll where one is lost. Reading never
 * waits. A listener that throws is reported and does not keep the others from being called.
 *
 * @throws the database's error when the first load fails.
 */
export async function openCatalog(sql: Sql, options: CatalogOptions): Promise<LiveCatalog> {
  const { secrets = CLEAR, onError: unreadable = () => {} } = options;
  const store = postgresCatalog(sql, { secrets, unreadable });
  return await new CachedCatalog(store, options, new CatalogView(await store.load())).start();
}

class CachedCatalog implements LiveCatalog {
  readonly #store: CatalogStore;
  readonly #connect: () => Sql;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Set<(change: CatalogChange) => void>();
  #view: CatalogView;
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #client: Sql | undefined;
  /** A poll saw a change before any announcement of it came: the listening connection may be dead. */
  #unannounced = false;
  #announced = 0;
  #failing = false;
  #closed = false;
  #cancelPoll = () => {};
  #polling: Promise<void> = Promise.resolve();

  constructor(store: CatalogStore, options: CatalogOptions, view: CatalogView) {
    this.#store = store;
    this.#connect = options.connect;
    this.#clock = options.clock;
    this.#pollMs = options.pollMs ?? 800;
    this.#onError = options.onError ?? (() => {});
    this.#view = view;
  }

  instance: Catalog["instance"] = (instanceId) => this.#view.instance(instanceId);
  instanceByNo: Catalog["instanceByNo"] = (no) => this.#view.instanceByNo(no);
  config: Catalog["config"] = (instanceNo, bizType) => this.#view.config(instanceNo, bizType);
  configByNo: Catalog["configByNo"] = (no) => this.#view.configByNo(no);
  configsOf: Catalog["configsOf"] = (instanceNo) => this.#view.configsOf(instanceNo);
  instances: Catalog["instances"] = () => this.#view.instances();

  onChange(listener: (change: CatalogChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Single-flight: a read under way may have begun before the caller's change, so one more follows it. */
  refresh(): Promise<void> {
    if (this.#reading === undefined) {
      this.#reading = this.#read().finally(() => this.#reading = undefined);
      return this.#reading;
    }
    this.#next ??= this.#reading.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.refresh();
    });
    return this.#next;
  }

  async start(): Promise<this> {
    await this.#listen();
    await this.refresh();
    this.#schedule();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#cancelPoll();
    await this.#polling;
    await Promise.allSettled([this.#reading, this.#next]);
    await this.#client?.end({ timeout: 1 });
  }

  async #read(): Promise<void> {
    if (await this.#store.version() === this.#view.version) return;
    const before = this.#view;
    this.#view = new CatalogView(await this.#store.load());
    const change = before.changesTo(this.#view);
    if (change.configs.length + change.instances.length > 0) this.#tell(change);
  }

  #tell(change: CatalogChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  #schedule(): void {
    this.#cancelPoll = this.#clock.after(this.#pollMs, () => {
      this.#polling = this.#poll().then(() => {
        if (!this.#closed) this.#schedule();
      });
    });
  }

  async #poll(): Promise<void> {
    try {
      const lost = this.#unannounced || this.#failing || this.#client === undefined;
      const version = this.#view.version;
      const announced = this.#announced;
      await this.refresh();
      this.#unannounced = version !== this.#view.version && announced === this.#announced;
      if (lost && !this.#closed) await this.#listen();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing && !this.#closed) this.#onError(error);
      this.#failing = true;
    }
  }

  /** Replaces the listening connection; postgres.js itself mends one that broke, as long as the first try succeeds. */
  async #listen(): Promise<void> {
    const old = this.#client;
    this.#client = undefined;
    await old?.end({ timeout: 1 });
    const client = this.#connect();
    const heard = () => {
      this.#announced++;
      this.#unannounced = false;
      if (!this.#closed) this.refresh().catch(() => {}); // the poll reports it
    };
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(LISTEN_MS, () => reject(new Error("Cannot listen: the database does not answer")));
    });
    try {
      await Promise.race([client.listen(CHANNEL, heard, heard), late]);
      this.#client = client;
    } catch (error) {
      await client.end({ timeout: 1 });
      throw error;
    } finally {
      cancel();
    }
  }
}
