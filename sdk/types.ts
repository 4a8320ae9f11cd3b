/**
 * The types that an app sees. They stand alone: nothing here, nor in what the entry points export, leads to the
 * server's types, so the package's declarations are complete by themselves.
 */
import type { Clock } from "./platform/clock.ts";
import type { SocketClass } from "./platform/socket.ts";
import type { SyncStore } from "./store.ts";

/** What went wrong, for the app's error listener. README lists what to do about each. */
export type Problem = {
  code: "storage" | "record" | "closed" | "resync" | "server" | "callback" | "payload" | "platform";
  message: string;
  closeCode?: number;
  cause?: unknown;
};

/** The `meta.config` that the console offers for download (INS-3). */
export type MetaConfig = {
  appId: string;
  workspaceId: string;
  /** Host name, or a whole `ws://` or `wss://` address. */
  syncserver: string;
  syncport?: string | number;
  appKey?: string;
};

export type SyncOptions = {
  /** The downloaded `meta.config`, as an object. Instead of it, `server` and `instanceId`. */
  config?: MetaConfig;
  /** `wss://sync.example.com`, `https://…` or `host:port`; the path `/sync` is added where there is none. */
  server?: string;
  /** `workspaceId_appId`. */
  instanceId?: string;
  /** Whether a server given without a scheme is reached by TLS. @default true on https pages and for port 443 */
  tls?: boolean;
  /** What pushes are filtered by. @default "web", "node" or "deno" for `os`, nothing for `appVersion` */
  os?: string;
  appVersion?: string;
  /** Your own device id (1-100 characters). @default one made at the first start and stored */
  deviceId?: string;
  /** An app secret, where the instance checks signatures. */
  secret?: string;
  /** @default IndexedDB in browsers, a file under `.syncline/` in Deno and Node, memory elsewhere */
  store?: SyncStore;
  /** @default the platform's own */
  webSocket?: SocketClass;
  /** Keep the connection in the background instead of closing it (SDK-6). @default false */
  keepInBackground?: boolean;
  /** Treat a hidden page as background. @default true in `createSyncClient`, false in `MPSync`, where the app says it */
  followVisibility?: boolean;
  timing?: Partial<Timing>;
  clock?: Clock;
  /** @default Math.random */
  random?: () => number;
};

/** Options of `MPSync.setup`. */
export type MPSyncOptions = SyncOptions & {
  /** Storage, closed connections, callbacks that threw; see the README's table. */
  onProblem?: (problem: Problem) => void;
};

/** Waiting times, in ms. Every one can be set through the options; the defaults are in `options.ts`. */
export type Timing = {
  /** First and longest reconnect delay; the actual one is drawn between 0 and it (full jitter). */
  baseMs: number;
  maxMs: number;
  /** From opening the socket to `welcome`. */
  connectMs: number;
  /** Answer to a heartbeat ping, and to the ping that a foreground sends (shorter: somebody is looking). */
  pongMs: number;
  probeMs: number;
  /** A connection that lived this long makes the next failure count as the first one. */
  stableMs: number;
  /** How long a tab in the foreground waits for a silent leader before it takes the lead. */
  stealMs: number;
};

/** Anything with a `parse`: zod, valibot's and arktype's wrappers, or a function of your own in an object. */
export interface PayloadSchema<T> {
  /** @throws if the payload is not what it should be; the message is then not reported */
  parse(value: unknown): T;
}

/** Text as it was pushed, or the bytes of a binary payload. */
export type RawPayload = string | Uint8Array;

export interface SyncMessageOf<T> {
  /** Increasing within one biz and owner; 0 for messages of a config that is not persistent. */
  readonly id: number;
  /** The pusher's `thirdMsgId`. */
  readonly messageId: string;
  readonly biz: string;
  /** The user it is for; empty for a device's while nobody is logged in. */
  readonly userId: string;
  /** When the server accepted it. */
  readonly sentAt: Date;
  readonly payload: T;
  /** It comes out of order, because it was held back or was another device's first. */
  readonly late: boolean;
  /** Says that the app has it for good. Only needed with `manual`. */
  received(): void;
}

/** What the app says it has received. `key` and `epoch` name the stream exactly; a copied message has neither. */
export type Report = { biz: string; userId: string; ids: readonly number[]; key?: string; epoch?: string | null };

/** Between the tabs of one browser. */
export type PeerMessage =
  | { t: "want" }
  | { t: "held"; deviceId?: string | null }
  | { t: "free" }
  | { t: "report"; report: Report };
