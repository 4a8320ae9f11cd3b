/**
 * HarmonyOS: the client's store in preferences, and its socket over the system's WebSocket.
 *
 * @example
 * ```ts
 * import { preferences } from "@kit.ArkData";
 * import { webSocket } from "@kit.NetworkKit";
 * import { MPFramework, MPSync } from "@syncline/client";
 *
 * // in AbilityStage.onCreate
 * MPFramework.create(this.context);
 * MPSync.setup({
 *   os: "Harmony",
 *   store: preferencesStore(await preferences.getPreferences(this.context, "syncline")),
 *   webSocket: harmonySocket(() => webSocket.createWebSocket()),
 * });
 * MPSync.initialize(this.context); // reads rawfile/meta.config
 * ```
 * @module
 */
import type { SocketClass, SocketLike } from "../platform/socket.ts"; // in an app: "@syncline/client"
import { KeyValueStore } from "../stores/key_value.ts"; // in an app: "@syncline/client/key-value"

/** The part of `preferences.Preferences` that is used; the real one fits. */
export interface PreferencesLike {
  get(key: string, fallback: string): Promise<unknown>;
  put(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  getAll(): Promise<object>;
  flush(): Promise<void>;
}

export function preferencesStore(preferences: PreferencesLike): KeyValueStore {
  return new KeyValueStore({
    async get(key) {
      const value = await preferences.get(key, "");
      return typeof value === "string" && value !== "" ? value : null;
    },
    set: (key, value) => preferences.put(key, value),
    remove: (key) => preferences.delete(key),
    keys: async () => Object.keys(await preferences.getAll()),
    // Preferences live in memory until they are flushed.
    flush: () => preferences.flush(),
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
      socket.on("message", (_error, data) => this.onmessage?.({ data }));
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
      this.onclose?.({ code, reason });
    }
  };
}
