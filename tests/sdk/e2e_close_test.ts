import assert from "node:assert/strict";
import { createMPSync } from "../../sdk/mp_sync.ts";
import { ConnectionType } from "../../sdk/mp_types.ts";
import { serverPlatform } from "../../sdk/platform/server.ts";
import { MemoryStore } from "../../sdk/stores/memory.ts";
import { startServer } from "../support/server.ts";
import { FAST, open } from "./support/opened.ts";
import { until } from "./support/until.ts";

const FULL = [
  { name: "overloaded", code: 4503, env: { MAX_CONNECTIONS: "1" } },
  { name: "rate-limited", code: 4429, env: { MAX_CONNECTIONS_PER_ADDRESS: "1", LIMIT_PRIVATE_ADDRESSES: "1" } },
];

for (const { name, code, env } of FULL) {
  Deno.test(`[SDK-7] ${code} of a server that takes no more: the client stays away as long as it is told, then it is in`, async () => {
    await using server = await startServer({ env });
    const first = open(server, { deviceId: "d-0" });
    await first.connected();
    // Time passes ten times as fast for the client: the hints are of 5 to 10 s.
    const began = Date.now();
    const clock = {
      now: () => began + (Date.now() - began) * 10,
      after(ms: number, callback: () => void) {
        const timer = setTimeout(callback, ms / 10);
        return () => clearTimeout(timer);
      },
    };
    const sdk = createMPSync(serverPlatform);
    const heard: { type: ConnectionType; why: string; at: number }[] = [];
    const problems: string[] = [];
    sdk.setup({
      server: server.url,
      instanceId: "default_demo",
      deviceId: "d-1",
      store: new MemoryStore(),
      timing: { ...FAST, connectMs: 100_000 },
      clock,
      onProblem: (p) => problems.push(p.code),
    });
    sdk.addConnectionListener({
      onConnectionStateChanged: (e) => heard.push({ type: e.getEventType(), why: e.getExtras(), at: clock.now() }),
    });
    sdk.initialize();
    await until("the refusal", () => heard.some((h) => h.type === ConnectionType.ConnectFailed));
    await first.client.close();
    await until("connected", () => sdk.isConnected());
    const refusal = heard.find((h) => h.type === ConnectionType.ConnectFailed)!;
    const [, hint] = new RegExp(`^${name} retry-after-ms=(\\d+)$`).exec(refusal.why) ?? [];
    const next = heard[heard.indexOf(refusal) + 1]!;
    assert.equal(next.type, ConnectionType.Connecting);
    const stayed = next.at - refusal.at;
    assert.ok(hint !== undefined && stayed >= Number(hint) * 0.8, `back after ${stayed} ms: ${refusal.why}`);
    await sdk.shutdown();
    assert.deepEqual(problems, []);
  });
}
