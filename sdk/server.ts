/**
 * The client for Deno and Node: as in `browser.ts`, with a file as its store.
 *
 * @module
 */
import { type ClientOptions, SyncClient } from "./client.ts";
import { createMPSync, type MPSyncStatic } from "./mp_sync.ts";
import { serverPlatform } from "./platform/server.ts";

export * from "./exports.ts";
export { FileStore } from "./stores/file.ts";

/**
 * Makes a client and starts it.
 *
 * @throws TypeError if the options do not say whom to connect to
 */
export function createSyncClient(options: ClientOptions): SyncClient {
  return new SyncClient(options, serverPlatform);
}

export const MPSync: MPSyncStatic = createMPSync(serverPlatform);
