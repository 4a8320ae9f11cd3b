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
export type { PayloadSchema, RawPayload, SyncMessageOf } from "./message.ts";
export { MPFramework } from "./mp_framework.ts";
export type { MPSyncOptions } from "./mp_face.ts";
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
export { type MetaConfig, type SyncOptions, VERSION } from "./options.ts";
export type { Clock } from "./platform/clock.ts";
export type { SocketClass, SocketLike } from "./platform/socket.ts";
export type { StoreChanges, SyncStore } from "./store.ts";
export { MemoryStore } from "./stores/memory.ts";
