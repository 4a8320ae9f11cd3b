/**
 * As much of the browser as the client uses, written down here: the package then needs no DOM types, which React
 * Native, HarmonyOS and servers do not have. Every part may be missing.
 */

export interface IdbRequest<T> {
  readonly result: T;
  readonly error: unknown;
  onsuccess: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  onupgradeneeded: ((event: never) => void) | null;
}

export interface IdbObjectStore {
  get(key: string): IdbRequest<unknown>;
  put(value: unknown, key: string): unknown;
  delete(key: string): unknown;
  getAllKeys(): IdbRequest<unknown[]>;
  getAll(): IdbRequest<unknown[]>;
}

export interface IdbTransaction {
  readonly error: unknown;
  objectStore(name: string): IdbObjectStore;
  abort(): void;
  oncomplete: ((event: never) => void) | null;
  onabort: ((event: never) => void) | null;
}

export interface IdbDatabase {
  createObjectStore(name: string): unknown;
  transaction(names: string[], mode: "readwrite", options?: { durability: "strict" }): IdbTransaction;
  close(): void;
  onclose: ((event: never) => void) | null;
  onversionchange: ((event: never) => void) | null;
}

/** The part of `indexedDB` that the store uses. */
export interface IdbFactory {
  open(name: string, version: number): IdbOpenRequest;
}

export interface LockManagerLike {
  request(
    name: string,
    options: { steal: boolean },
    callback: () => Promise<void>,
  ): Promise<unknown>;
}

export interface ChannelLike {
  postMessage(message: unknown): void;
  close(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

type Listen = (type: string, listener: () => void) => void;

/** What the global object may hold. */
export type BrowserGlobals = {
  indexedDB?: IdbFactory;
  navigator?: { locks?: LockManagerLike; userAgent?: string; onLine?: boolean };
  BroadcastChannel?: new (name: string) => ChannelLike;
  document?: { readonly visibilityState: string; addEventListener: Listen; removeEventListener: Listen };
  location?: { readonly protocol: string };
  addEventListener?: Listen;
  removeEventListener?: Listen;
};

export function browser(): BrowserGlobals {
  return globalThis as unknown as BrowserGlobals;
}
