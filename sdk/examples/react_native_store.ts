/**
 * React Native: the client's store in `@react-native-async-storage/async-storage`.
 *
 * @example
 * ```ts
 * import AsyncStorage from "@react-native-async-storage/async-storage";
 * import { AppState, Platform } from "react-native";
 * import { createSyncClient } from "@syncline/client";
 *
 * const client = createSyncClient({
 *   server: "https://sync.example.com",
 *   instanceId: "default_demo",
 *   os: Platform.OS,
 *   store: asyncStorageStore(AsyncStorage),
 * });
 * AppState.addEventListener("change", (state) => state === "active" ? client.foreground() : client.background());
 * ```
 * @module
 */
import { KeyValueStore } from "../stores/key_value.ts"; // in an app: "@syncline/client/key-value"

/** The part of AsyncStorage that is used; the real one fits. */
export interface AsyncStorageLike {
  getItem(key: string): Promise<string | null>;
  setItem(key: string, value: string): Promise<void>;
  removeItem(key: string): Promise<void>;
  getAllKeys(): Promise<readonly string[]>;
}

export function asyncStorageStore(storage: AsyncStorageLike, prefix = "syncline/"): KeyValueStore {
  return new KeyValueStore({
    get: (key) => storage.getItem(key),
    set: (key, value) => storage.setItem(key, value),
    remove: (key) => storage.removeItem(key),
    keys: () => storage.getAllKeys(),
  }, { prefix });
}
