import assert from "node:assert/strict";
import { PROTOCOL_VERSION } from "../../src/protocol.ts";
import { RawClient, user } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { Wire } from "./support/wire.ts";

const OPS = 3_000;
const PAYLOAD = "x".repeat(4_000);

/** Connections that ended with this code, by the server's metrics. */
async function closedWith(server: TestServer, code: number): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^syncline_connections_closed_total\\{code="${code}"\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

/** A real connection of a phone that says hello and reads nothing of what follows. */
async function deaf(server: TestServer, deviceId: string, userId: string): Promise<Wire> {
  const wire = await Wire.open({ hostname: "127.0.0.1", port: server.port });
  const hello = { type: "hello", protocol: PROTOCOL_VERSION, seq: 1, instanceId: "default_demo", deviceId, points: [] };
  wire.send(JSON.stringify({ ...hello, user: user(userId) }));
  return wire;
}

Deno.test("[DLV-3] 4410: a client that stops reading is cut off, its neighbours do not notice, and on its next connection it gets everything", async () => {
  await using server = await startServer({ env: { WINDOW_OPS: "10000", WINDOW_BYTES: "67108864" } });
  const pushed: string[] = [];
  const push = async (linkToken: string, payload: string) => {
    const mid = crypto.randomUUID();
    const { success } = await server.push({ linkToken, thirdMsgId: mid, payload });
    assert.ok(success);
    return mid;
  };
  for (let n = 0; n < OPS; n += 100) {
    pushed.push(...await Promise.all(Array.from({ length: 100 }, () => push("slow", PAYLOAD))));
  }
  await using neighbour = await RawClient.connect(server, { deviceId: "d-fast", user: user("fast") });
  const wire = await deaf(server, "d-slow", "slow");
  // what the system's buffers do not take waits in the server, which gives the client 10 s to read some of it
  let sent = 0;
  const deadline = Date.now() + 60_000;
  while (await closedWith(server, 4410) === 0) {
    assert.ok(Date.now() < deadline, "the client was not cut off within 60 s");
    await push("fast", `message ${sent++}`);
    await neighbour.until(() => neighbour.ops("UCHAT").length === sent);
    neighbour.ack("UCHAT", neighbour.ops("UCHAT").at(-1)!.id);
  }
  assert.ok(sent > 20, `the neighbour got ${sent} messages meanwhile`);
  assert.equal(neighbour.closed, null);
  wire.cut();

  await using again = await RawClient.connect(server, { deviceId: "d-slow", user: user("slow") });
  await again.until(() => again.ops("UCHAT").length >= OPS, 60_000);
  const received = again.ops("UCHAT");
  assert.equal(again.closed, null);
  assert.deepEqual(new Set(received.map(({ mid }) => mid)), new Set(pushed));
  assert.deepEqual(received.map(({ id }) => id), Array.from({ length: OPS }, (_, n) => n + 1));
});
