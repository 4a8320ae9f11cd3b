/**
 * The store over an asynchronous key-value store of texts, for React Native, HarmonyOS and whatever is like them.
 *
 * @module
 */
export { type KeyValue, KeyValueStore } from "./stores/key_value.ts";
export type { StoreChanges, SyncStore } from "./store.ts";
