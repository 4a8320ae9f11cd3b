import type { StoreChanges, SyncStore } from "../store.ts";

/**
 * What most phone platforms offer: an asynchronous key-value store of texts. React Native's AsyncStorage and
 * HarmonyOS's preferences fit with a few lines (`examples/`).
 */
export interface KeyValue {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
  keys(): Promise<readonly string[]>;
  /** Makes what was set durable, where setting alone does not. */
  flush?(): Promise<void>;
}

/**
 * A {@link SyncStore} over a {@link KeyValue}. Such a store cannot change several keys at once, so each write goes to a
 * journal first: one value, set in one go. A crash in the middle is made good at the next `load`.
 *
 * @param options.prefix in front of every key, so that the app may use the same store @default "syncline/"
 * @param options.durable whether the key-value store survives the process @default true
 */
export class KeyValueStore implements SyncStore {
  readonly durable: boolean;
  readonly #kv: KeyValue;
  readonly #prefix: string;

  constructor(kv: KeyValue, options: { prefix?: string; durable?: boolean } = {}) {
    this.#kv = kv;
    this.#prefix = options.prefix ?? "syncline/";
    this.durable = options.durable ?? true;
  }

  async load(): Promise<ReadonlyMap<string, string>> {
    const journal = await this.#kv.get(this.#journal);
    if (journal !== null) await this.#apply(readJournal(journal));
    const start = this.#prefix + "e/";
    const keys = (await this.#kv.keys()).filter((key) => key.startsWith(start));
    // Side by side: a phone with thousands of kept messages would otherwise be too late.
    const values = await Promise.all(keys.map((key) => this.#kv.get(key)));
    const entries = new Map<string, string>();
    for (const [i, key] of keys.entries()) {
      const value = values[i] ?? null;
      if (value !== null) entries.set(key.slice(start.length), value);
    }
    return entries;
  }

  async write(changes: StoreChanges): Promise<void> {
    if (changes.puts.length + changes.deletes.length > 1) {
      await this.#kv.set(this.#journal, JSON.stringify(changes));
      await this.#kv.flush?.();
    }
    await this.#apply(changes);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get #journal(): string {
    return this.#prefix + "journal";
  }

  async #apply(changes: StoreChanges): Promise<void> {
    for (const [key, value] of changes.puts) await this.#kv.set(`${this.#prefix}e/${key}`, value);
    for (const key of changes.deletes) await this.#kv.remove(`${this.#prefix}e/${key}`);
    await this.#kv.flush?.();
    await this.#kv.remove(this.#journal);
    await this.#kv.flush?.();
  }
}

/** A journal that was cut off was never begun to be applied: it counts as not written. */
function readJournal(text: string): StoreChanges {
  try {
    const value = JSON.parse(text) as Partial<StoreChanges> | null;
    if (Array.isArray(value?.puts) && Array.isArray(value.deletes)) return { puts: value.puts, deletes: value.deletes };
  } catch { /* as above */ }
  return { puts: [], deletes: [] };
}
