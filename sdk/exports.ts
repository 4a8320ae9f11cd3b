/** What every entry point of the package exports. */
export type {
  ClientEvents,
  ClientOptions,
  ClientStatus,
  Handler,
  SubscribeOptions,
  SyncClient,
  TypedSubscribeOptions,
} from "./client.ts";
export { MPFramework } from "./mp_framework.ts";
export type { MPSyncStatic } from "./mp_sync.ts";
export {
  ConnectionEvent,
  type ConnectionListener,
  ConnectionType,
  type ISyncCallback,
  type Selector,
  type SyncCommand,
  type SyncMessage,
  type SyncNotification,
  type SyncUserInfo,
} from "./mp_types.ts";
export type { Clock } from "./platform/clock.ts";
export type { SocketClass, SocketLike } from "./platform/socket.ts";
export type { StoreChanges, SyncStore } from "./store.ts";
export { MemoryStore } from "./stores/memory.ts";
export type {
  MetaConfig,
  MPSyncOptions,
  PayloadSchema,
  Problem,
  RawPayload,
  SyncMessageOf,
  SyncOptions,
  Timing,
} from "./types.ts";
export { VERSION } from "./version.ts";
