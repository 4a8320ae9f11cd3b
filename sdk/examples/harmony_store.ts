/**
 * HarmonyOS: the client's store in preferences, and its socket over the system's WebSocket. An app adds one file, and
 * imports `MPFramework` and `MPSync` from it; nothing else of code written for the original changes.
 *
 * @example
 * ```ts
 * // syncline.ets
 * import { preferences } from "@kit.ArkData";
 * import { webSocket } from "@kit.NetworkKit";
 * import { MPFramework, MPSync } from "@syncline/client";
 *
 * MPSync.setup(harmony({ preferences, webSocket }));
 * export * from "@syncline/client";
 *
 * // the app's own code, as it was
 * MPFramework.create(this.context); // in AbilityStage.onCreate
 * MPSync.initialize(this.context); // reads rawfile/meta.config
 * ```
 * @module
 */
import { MPFramework } from "../mp_framework.ts"; // in an app: "@syncline/client"
import type { SocketClass, SocketLike } from "../platform/socket.ts"; // in an app: "@syncline/client"
import { KeyValueStore } from "../stores/key_value.ts"; // in an app: "@syncline/client/key-value"

/** The parts of `@kit.ArkData` and `@kit.NetworkKit` that are used; the real ones fit. */
export interface HarmonyKits {
  preferences: { getPreferences(context: never, name: string): Promise<PreferencesLike> };
  webSocket: { createWebSocket(): HarmonyWebSocket };
}

/** Options for `MPSync.setup`: what the system has in place of a browser's parts. */
export function harmony({ preferences, webSocket }: HarmonyKits): {
  os: string;
  store: KeyValueStore;
  webSocket: SocketClass;
} {
  return {
    os: "Harmony",
    // Opened at the first use: only then there is a context.
    store: preferencesStore(() => preferences.getPreferences(MPFramework.instance.context, "syncline")),
    webSocket: harmonySocket(() => webSocket.createWebSocket()),
  };
}

/** The part of `preferences.Preferences` that is used; the real one fits. */
export interface PreferencesLike {
  get(key: string, fallback: string): Promise<unknown>;
  put(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  getAll(): Promise<object>;
  flush(): Promise<void>;
}

export function preferencesStore(open: () => Promise<PreferencesLike>): KeyValueStore {
  let opened: Promise<PreferencesLike> | null = null;
  // What could not be opened is opened anew at the next use.
  const preferences = () =>
    opened ??= open().catch((error) => {
      opened = null;
      throw error;
    });
  return new KeyValueStore({
    async get(key) {
      const value = await (await preferences()).get(key, "");
      return typeof value === "string" && value !== "" ? value : null;
    },
    set: async (key, value) => await (await preferences()).put(key, value),
    remove: async (key) => await (await preferences()).delete(key),
    keys: async () => Object.keys(await (await preferences()).getAll()),
    // Preferences live in memory until they are flushed.
    flush: async () => await (await preferences()).flush(),
  });
}

/** The part of `webSocket.WebSocket` that is used; the real one fits. */
export interface HarmonyWebSocket {
  connect(url: string, options: { protocol: string }): Promise<boolean>;
  send(data: string): Promise<boolean>;
  close(options: { code: number; reason: string }): Promise<boolean>;
  on(type: "open", callback: (error: unknown, value: unknown) => void): void;
  on(type: "message", callback: (error: unknown, data: string | ArrayBuffer) => void): void;
  on(type: "close", callback: (error: unknown, value: { code: number; reason: string }) => void): void;
  on(type: "error", callback: (error: unknown) => void): void;
}

/** Makes the system's WebSocket look like everybody else's. */
export function harmonySocket(create: () => HarmonyWebSocket): SocketClass {
  return class implements SocketLike {
    onopen: SocketLike["onopen"] = null;
    onmessage: SocketLike["onmessage"] = null;
    onclose: SocketLike["onclose"] = null;
    onerror: SocketLike["onerror"] = null;
    readonly #socket = create();
    #ended = false;

    constructor(url: string, protocols: string[]) {
      const socket = this.#socket;
      socket.on("open", () => this.onopen?.(undefined as never));
      socket.on("message", (_error, data) => this.onmessage?.({ data } as never));
      socket.on("close", (_error, { code, reason }) => this.#end(code, reason));
      // The system tells of a failed connection by `error` alone.
      socket.on("error", () => this.#end(1006, ""));
      socket.connect(url, { protocol: protocols.join(", ") }).catch(() => this.#end(1006, ""));
    }

    send(data: string): void {
      this.#socket.send(data).catch(() => this.#end(1006, ""));
    }

    close(code = 1000, reason = ""): void {
      this.#socket.close({ code, reason }).catch(() => this.#end(1006, ""));
    }

    #end(code: number, reason: string): void {
      if (this.#ended) return;
      this.#ended = true;
      this.onclose?.({ code, reason } as never);
    }
  };
}
