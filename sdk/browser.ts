/**
 * The client for browsers, React Native and HarmonyOS.
 *
 * @example
 * ```ts
 * const client = createSyncClient({ server: "https://sync.example.com", instanceId: "default_demo" });
 * client.login({ userId: "u-1", sessionId: "s-1" });
 * client.subscribe("UCHAT", (message) => console.log(message.payload));
 * ```
 * @module
 */
import { type ClientOptions, SyncClient } from "./client.ts";
import { createMPSync, type MPSyncStatic } from "./mp_sync.ts";
import { browserPlatform } from "./platform/browser.ts";

export * from "./exports.ts";
export { IndexedDbStore } from "./stores/indexed_db.ts";

/**
 * Makes a client and starts it.
 *
 * @throws TypeError if the options do not say whom to connect to
 */
export function createSyncClient(options: ClientOptions): SyncClient {
  return new SyncClient(options, browserPlatform);
}

export const MPSync: MPSyncStatic = createMPSync(browserPlatform);
