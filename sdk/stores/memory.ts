import type { StoreChanges, SyncStore } from "../store.ts";

/**
 * Keeps everything in memory: for tests, and where there is nothing better. An app that starts anew is a new
 * installation, unless it passes the same object again.
 */
export class MemoryStore implements SyncStore {
  readonly durable: boolean;
  #entries = new Map<string, string>();

  /** @param options.durable call it durable although it is not, for tests that restart a client @default false */
  constructor(options: { durable?: boolean } = {}) {
    this.durable = options.durable ?? false;
  }

  load(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map(this.#entries));
  }

  write(changes: StoreChanges): Promise<void> {
    for (const [key, value] of changes.puts) this.#entries.set(key, value);
    for (const key of changes.deletes) this.#entries.delete(key);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
