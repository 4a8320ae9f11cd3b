/** The phones' storage, as far as the example adapters use it. */
import type { AsyncStorageLike } from "../../../sdk/examples/react_native_store.ts";
import type { PreferencesLike } from "../../../sdk/examples/harmony_store.ts";

export function fakeAsyncStorage(): AsyncStorageLike {
  const items = new Map<string, string>();
  return {
    getItem: (key) => Promise.resolve(items.get(key) ?? null),
    setItem: (key, value) => Promise.resolve(void items.set(key, value)),
    removeItem: (key) => Promise.resolve(void items.delete(key)),
    getAllKeys: () => Promise.resolve([...items.keys()]),
  };
}

export function fakePreferences(): PreferencesLike {
  const items = new Map<string, unknown>();
  return {
    get: (key, fallback) => Promise.resolve(items.get(key) as string ?? fallback),
    put: (key, value) => Promise.resolve(void items.set(key, value)),
    delete: (key) => Promise.resolve(void items.delete(key)),
    getAll: () => Promise.resolve(Object.fromEntries(items)),
    flush: () => Promise.resolve(),
  };
}
