/** What an app on HarmonyOS adds, `syncline.ets`, on a system whose preferences and sockets are ours. */
import { MPSync } from "../../../sdk/browser.ts";
import { harmony, type HarmonyWebSocket } from "../../../sdk/examples/harmony_store.ts";
import { fakePreferences } from "./phones.ts";

type Callback = (error: unknown, value: never) => void;

/** The system's WebSocket, as its manual describes it, on a real one. */
class SystemWebSocket implements HarmonyWebSocket {
  readonly #on = new Map<string, Callback>();
  #socket: WebSocket | null = null;

  on(type: string, callback: Callback): void {
    this.#on.set(type, callback);
  }

  connect(url: string, options: { protocol: string }): Promise<boolean> {
    const socket = this.#socket = new WebSocket(url, options.protocol);
    const tell = (type: string, value: unknown) => this.#on.get(type)?.(undefined, value as never);
    socket.onopen = () => tell("open", { status: 101, message: "" });
    socket.onmessage = ({ data }) => tell("message", data);
    socket.onclose = ({ code, reason }) => tell("close", { code, reason });
    socket.onerror = () => this.#on.get("error")?.({ code: 200 }, undefined as never);
    return Promise.resolve(true);
  }

  send(data: string): Promise<boolean> {
    this.#socket!.send(data);
    return Promise.resolve(true);
  }

  close({ code, reason }: { code: number; reason: string }): Promise<boolean> {
    this.#socket!.close(code, reason);
    return Promise.resolve(true);
  }
}

const kept = fakePreferences();

MPSync.setup(harmony({
  preferences: {
    getPreferences: (context: object, name) =>
      context && name === "syncline" ? Promise.resolve(kept) : Promise.reject(new Error("no context")),
  },
  webSocket: { createWebSocket: () => new SystemWebSocket() },
}));

export * from "../../../sdk/browser.ts";
