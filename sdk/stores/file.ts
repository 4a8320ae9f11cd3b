import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { StoreChanges, SyncStore } from "../store.ts";

/**
 * The store of Deno and Node: one JSON file, replaced as a whole. A write goes to a file beside it, is synced to disk,
 * and takes its place by renaming, so a crash leaves the old content or the new one. One process per file.
 *
 * A file that cannot be read is put aside as `*.corrupt` and a new installation begins.
 *
 * @param path the file; its folder is made
 */
export class FileStore implements SyncStore {
  readonly durable = true;
  readonly #path: string;
  readonly #onCorrupt: (path: string) => void;
  #entries: Map<string, string> | null = null;

  constructor(path: string, options: { onCorrupt?: (path: string) => void } = {}) {
    this.#path = path;
    this.#onCorrupt = options.onCorrupt ?? (() => {});
  }

  async load(): Promise<ReadonlyMap<string, string>> {
    await mkdir(dirname(this.#path), { recursive: true });
    this.#entries = await this.#read();
    return new Map(this.#entries);
  }

  async write(changes: StoreChanges): Promise<void> {
    if (!this.#entries) throw new Error("Cannot write: the store is not loaded");
    const next = new Map(this.#entries);
    for (const [key, value] of changes.puts) next.set(key, value);
    for (const key of changes.deletes) next.delete(key);
    const beside = `${this.#path}.tmp`;
    try {
      const file = await open(beside, "w", 0o600);
      try {
        await file.writeFile(JSON.stringify(Object.fromEntries(next)));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, this.#path);
    } catch (error) {
      await rm(beside, { force: true }).catch(() => {});
      throw error;
    }
    await syncFolder(dirname(this.#path));
    this.#entries = next;
  }

  close(): Promise<void> {
    this.#entries = null;
    return Promise.resolve();
  }

  async #read(): Promise<Map<string, string>> {
    let text: string;
    try {
      text = await readFile(this.#path, "utf8");
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return new Map();
      throw error;
    }
    const entries = parse(text);
    if (entries) return entries;
    const aside = `${this.#path}.corrupt`;
    await rename(this.#path, aside);
    this.#onCorrupt(aside);
    return new Map();
  }
}

function parse(text: string): Map<string, string> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return new Map(Object.entries(value).filter((e): e is [string, string] => typeof e[1] === "string"));
  } catch {
    return null;
  }
}

/** The rename itself lies in the folder. Where folders cannot be opened (Windows), the system does without. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch { /* as above */ }
}
