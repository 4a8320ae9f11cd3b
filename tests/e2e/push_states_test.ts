import assert from "node:assert/strict";
import { z } from "zod";
import { RawClient, user } from "../support/client.ts";
import { makeConfig } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";

const PATH = "/api/instances/default_demo";

const Page = z.object({
  items: z.array(z.looseObject({
    id: z.number(),
    state: z.string().optional(),
    thirdMsgId: z.string().nullable(),
    deviceId: z.string().nullable(),
    arrivedAt: z.number().nullable().optional(),
    reason: z.string().optional(),
    attempts: z.number().optional(),
  })),
  next: z.string().nullable(),
});

Deno.test("[CON-4] one can ask what became of every push: pending, sent, arrived, filtered, expired, over threshold", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "LATEST", threshold: 1 });
  const send = (thirdMsgId: string, fields: Record<string, unknown> = {}) => server.push({ thirdMsgId, ...fields });
  await send("waits", { linkToken: "u-2" });
  await using client = await RawClient.connect(server, { deviceId: "d-1", os: "android", user: user("u-1") });
  await send("arrives");
  await send("for-ios", { osType: "iOS" });
  await send("is-sent");
  await send("expires", { linkToken: "u-2", validTimeEnd: Date.now() + 300 });
  await send("old", { bizType: "LATEST", linkToken: "u-2" });
  await send("new", { bizType: "LATEST", linkToken: "u-2" });
  await client.until(() => client.ops("UCHAT").length === 2);
  client.ack("UCHAT", 1);
  await client.settled();
  const expected = {
    waits: "pending",
    arrives: "arrived",
    "for-ios": "filtered",
    "is-sent": "sent",
    expires: "expired",
    old: "threshold",
    new: "pending",
  };
  await eventually(() => states(server), expected);
  const { items: [arrived] } = await list(server, "/pushes?state=arrived");
  assert.equal(arrived?.deviceId, "d-1");
  assert(typeof arrived?.arrivedAt === "number");
});

Deno.test("[DLV-6] [CON-4] a push that nobody acknowledged is discarded, and a dead letter says so", async () => {
  await using server = await startServer({ env: { ACK_TIMEOUT_MS: "50", ACK_TIMEOUT_MAX_MS: "50", MAX_RETRIES: "1" } });
  await using _client = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1") });
  await server.push({ thirdMsgId: "given-up" });
  await eventually(() => states(server), { "given-up": "discarded" });
  const { items } = await list(server, "/deadletters");
  assert.deepEqual(
    items.map(({ thirdMsgId, reason, attempts, deviceId }) => [thirdMsgId, reason, attempts, deviceId]),
    [
      ["given-up", "retries", 1, "d-1"],
    ],
  );
});

Deno.test("[STA-1] counts, list and statistics agree, also after a restart", async () => {
  await using server = await startServer();
  await using client = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1") });
  for (let n = 0; n < 20; n++) await server.push();
  await client.until(() => client.ops("UCHAT").length === 20);
  client.ack("UCHAT", 12);
  await client.settled();
  const numbers = async () => {
    const { pushes30d, arrivals30d } = z.object({ pushes30d: z.number(), arrivals30d: z.number() })
      .parse(await read(server, "/users/u-1"));
    const stats = z.object({ items: z.array(z.object({ pushes: z.number(), arrivals: z.number() })) })
      .parse(await read(server, "/stats?bizType=UCHAT"));
    const pushes = await list(server, "/pushes?userId=u-1");
    const arrivals = await list(server, "/pushes?userId=u-1&state=arrived");
    const sums = stats.items.map((item) => [item.pushes, item.arrivals]);
    return { pushes30d, arrivals30d, listed: pushes.items.length, arrived: arrivals.items.length, sums };
  };
  const expected = { pushes30d: 20, arrivals30d: 12, listed: 20, arrived: 12, sums: [[20, 12]] };
  await eventually(numbers, expected);
  await server.restart();
  assert.deepEqual(await numbers(), expected);
});

async function read(server: TestServer, path: string): Promise<unknown> {
  const response = await server.admin("GET", PATH + path);
  assert.equal(response.status, 200);
  return await response.json();
}

async function list(server: TestServer, path: string) {
  return Page.parse(await read(server, path));
}

async function states(server: TestServer): Promise<Record<string, string | undefined>> {
  const { items } = await list(server, "/pushes");
  return Object.fromEntries(items.map((item) => [item.thirdMsgId ?? "", item.state]));
}

/** Looks again until the value is the expected one: progress is written in batches, at the latest after 200 ms. */
async function eventually<T>(look: () => Promise<T>, expected: T, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await look();
    try {
      return assert.deepEqual(value, expected);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
