import type { Platform } from "./platform.ts";
import { soleLead } from "./lead.ts";
import { NodeSocket } from "./node_socket.ts";
import type { SocketClass } from "./socket.ts";
import { FileStore } from "../stores/file.ts";

/** Deno and Node: a file in the working directory, and the process has it to itself. */
export const serverPlatform: Platform = {
  os: "Deno" in globalThis ? "deno" : "node",
  get webSocket() {
    return (globalThis as { WebSocket?: SocketClass }).WebSocket ?? NodeSocket;
  },
  secure: false,
  store: (name, problem) =>
    new FileStore(`.syncline/${encodeURIComponent(name)}.json`, {
      onCorrupt: (path) =>
        problem({
          code: "record",
          message: `Cannot read the store: it is put aside as ${path}, a new installation begins`,
        }),
    }),
  lead: (_name, events) => soleLead(events),
  watch: () => () => {},
};
