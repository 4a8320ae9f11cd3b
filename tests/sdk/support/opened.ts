import type { ClientOptions } from "../../../sdk/client.ts";
import { createSyncClient, MemoryStore } from "../../../sdk/server.ts";
import type { TestServer } from "../../support/server.ts";
import { until } from "./until.ts";

export const FAST = { baseMs: 20, maxMs: 200 };

/** A client of the demo instance that notes what it is handed. */
export function open(server: TestServer, options: Partial<ClientOptions> & { biz?: string[]; receive?: boolean } = {}) {
  const { biz = ["UCHAT"], receive = true, ...rest } = options;
  const store = options.store ?? new MemoryStore({ durable: true });
  const client = createSyncClient({ server: server.url, instanceId: "default_demo", timing: FAST, ...rest, store });
  const seen: string[] = [], problems: (number | string)[] = [], commands: string[] = [];
  const held: { received(): void }[] = [];
  client.on("problem", (p) => problems.push(p.closeCode ?? p.code));
  client.on("command", (c) => commands.push(`${c.biz} ${c.command}`));
  for (const name of biz) {
    client.subscribe(name, (m) => {
      seen.push(`${m.payload}${m.late ? " late" : ""}`);
      held.push(m);
    }, { manual: !receive });
  }
  return {
    client,
    store,
    seen,
    held,
    problems,
    commands,
    connected: () => until("connected", () => client.status === "connected"),
    [Symbol.asyncDispose]: () => client.close(),
  };
}
