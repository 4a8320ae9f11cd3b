import { browser, type IdbDatabase, type IdbFactory, type IdbRequest, type IdbTransaction } from "../platform/dom.ts";
import type { StoreChanges, SyncStore } from "../store.ts";

const ENTRIES = "entries";
const OWNER = "owner";

/**
 * The store of browsers: one IndexedDB database per installation, one transaction per write. The last tab that loaded
 * owns it; a write of another one is refused, so that a tab that slept through losing the lead spoils nothing.
 *
 * @param name the database's name
 * @param options.factory @default globalThis.indexedDB
 */
export class IndexedDbStore implements SyncStore {
  readonly durable = true;
  readonly #name: string;
  readonly #factory: IdbFactory;
  #db: Promise<IdbDatabase> | null = null;
  #token = 0;

  constructor(name: string, options: { factory?: IdbFactory } = {}) {
    this.#name = name;
    const factory = options.factory ?? browser().indexedDB;
    if (!factory) throw new Error("no indexedDB");
    this.#factory = factory;
  }

  async load(): Promise<ReadonlyMap<string, string>> {
    await this.close();
    const db = await this.#open();
    const tx = db.transaction([ENTRIES, OWNER], "readwrite");
    const done = finished(tx);
    const owner = await result(tx.objectStore(OWNER).get("token"));
    const token = (typeof owner === "number" ? owner : 0) + 1;
    tx.objectStore(OWNER).put(token, "token");
    const entries = tx.objectStore(ENTRIES);
    const [keys, values] = await Promise.all([result(entries.getAllKeys()), result(entries.getAll())]);
    await done;
    this.#token = token;
    return new Map(keys.map((key, i) => [String(key), String(values[i])]));
  }

  async write(changes: StoreChanges): Promise<void> {
    let tx: IdbTransaction | undefined;
    try {
      const db = await this.#open();
      // Relaxed durability is the default of some browsers; an ack must not overtake the disk.
      tx = db.transaction([ENTRIES, OWNER], "readwrite", { durability: "strict" });
      const done = finished(tx);
      if (await result(tx.objectStore(OWNER).get("token")) !== this.#token) {
        throw new Error("another tab owns the store");
      }
      const entries = tx.objectStore(ENTRIES);
      for (const [key, value] of changes.puts) entries.put(value, key);
      for (const key of changes.deletes) entries.delete(key);
      await done;
    } catch (error) {
      abort(tx);
      // Safari loses connections without a word, and nothing works on them any more: the next use opens anew.
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const db = this.#db;
    this.#db = null;
    (await db?.catch(() => null))?.close();
  }

  #open(): Promise<IdbDatabase> {
    return this.#db ??= this.#connect();
  }

  #connect(): Promise<IdbDatabase> {
    return new Promise((resolve, reject) => {
      const request = this.#factory.open(this.#name, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(ENTRIES);
        request.result.createObjectStore(OWNER);
      };
      request.onsuccess = () => {
        const db = request.result;
        const forget = () => {
          db.close();
          this.#db = null;
        };
        // Browsers close databases under pressure, and a deletion waits for us: the next use opens anew.
        db.onclose = forget;
        db.onversionchange = forget;
        resolve(db);
      };
      request.onerror = () => reject(request.error);
    });
  }
}

function abort(tx: IdbTransaction | undefined): void {
  try {
    tx?.abort();
  } catch { /* it has ended by itself */ }
}

function result<T>(request: IdbRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(tx: IdbTransaction): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error);
  });
  // It is waited for, unless something else fails before.
  done.catch(() => {});
  return done;
}
