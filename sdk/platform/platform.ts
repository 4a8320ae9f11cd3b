import type { SyncStore } from "../store.ts";
import type { Problem } from "../types.ts";
import type { Lead, LeadEvents } from "./lead.ts";
import type { SocketClass } from "./socket.ts";

export type Watch = {
  visible(visible: boolean): void;
  network(up: boolean): void;
};

/** What differs between browsers, servers and phones. Options of the app go before it. */
export interface Platform {
  readonly os: string;
  readonly webSocket: SocketClass | undefined;
  /** Whether a server without a scheme is to be reached by TLS. */
  readonly secure: boolean;
  store(name: string, problem: (problem: Problem) => void): SyncStore;
  lead(name: string, events: LeadEvents): Lead;
  /** Listens until the returned function is called. */
  watch(watch: Watch): () => void;
}
