import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Lets the actor that handles the next acknowledgement throw, so many times. */
function failAcks({ services: { metrics } }: TestServer, times: number): void {
  const acked = metrics.acked.bind(metrics);
  metrics.acked = (...args) => {
    if (times-- > 0) throw new Error("an actor is broken");
    acked(...args);
  };
}

const unique = (client: RawClient, biz: string) => [...new Set(client.ops(biz).map((op) => op.id))];

/** What a client of the protocol does: an interval may repeat what it has, and never leave a hole. */
function assertFollows(client: RawClient, biz: string): void {
  let cursor = 0;
  for (const { from, to } of client.batches(biz)) {
    assert.ok(from! <= cursor, `a hole between ${cursor} and ${from}`);
    cursor = Math.max(cursor, to!);
  }
}

for (
  const [kind, biz, scope, linkToken] of [
    ["user", "UCHAT", "user", "u-1"],
    ["single-device user", "TRADE-RESULT", "user", "u-1"],
    ["device", "DEVICE-LOCK", "device", "d-1"],
  ] as const
) {
  Deno.test(`[STR-3] the actor of a ${kind} stream that throws is rebuilt: the client sees no more than a repeat`, async () => {
    await using server = await startServer({ quiet: true });
    await using phone = await RawClient.connect(server, { user: user("u-1") });
    const push = (payload: string) => server.push({ bizType: biz, linkToken, payload });
    await push("1");
    await push("2");
    await phone.until(() => phone.ops(biz).length === 2);
    phone.ack(biz, 1, scope);
    await phone.settled();
    failAcks(server, 1);
    phone.ack(biz, 2, scope);
    await push("3");
    await phone.until(() => unique(phone, biz).length === 3);
    assert.deepEqual(unique(phone, biz), [1, 2, 3]);
    assertFollows(phone, biz);
    // acknowledged again, and all of it is known
    phone.ack(biz, 3, scope);
    await push("4");
    await phone.until(() => unique(phone, biz).length === 4);
    phone.ack(biz, 4, scope);
    await phone.settled();
    await server.services.recorder.flush();
    const arrivals = await server.services.sql<{ id: number }[]>`select id from arrival order by id`;
    assert.deepEqual(arrivals.map(({ id }) => id), [1, 2, 3, 4]);
    assert.equal(phone.closed, null);
  });
}

for (const [biz, scope, linkToken] of [["UCHAT", "user", "u-1"], ["DEVICE-LOCK", "device", "d-1"]] as const) {
  Deno.test(`[PT-2] [STR-3] a reinstalled app gets all of ${biz} again, also when the actor fails in the middle of it`, async () => {
    await using server = await startServer({ quiet: true, env: { WINDOW_OPS: "2" } });
    const before = await RawClient.connect(server, { user: user("u-1") });
    for (let id = 1; id <= 4; id++) {
      await server.push({ bizType: biz, linkToken });
      await before.until(() => before.ops(biz).length === id);
      before.ack(biz, id, scope);
    }
    await before.settled();
    await before[Symbol.asyncDispose]();
    await using reinstalled = await RawClient.connect(server, { user: user("u-1") });
    await reinstalled.until(() => reinstalled.ops(biz).length === 2);
    failAcks(server, 1);
    reinstalled.ack(biz, 1, scope);
    await reinstalled.settled();
    for (let acked = 2; acked <= 4; acked += 2) {
      await reinstalled.until(() => unique(reinstalled, biz).includes(acked), 3_000);
      reinstalled.ack(biz, acked, scope);
    }
    assertFollows(reinstalled, biz);
  });
}

Deno.test("[STR-3] [DLV-1] a rebuilt user's session that is still being opened is welcomed first, and sent everything once", async () => {
  await using server = await startServer({ quiet: true });
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await server.push();
  await phone.until(() => phone.ops("UCHAT").length === 1);
  await using opening = await RawClient.open(server.syncUrl);
  // its row waits for this lock
  await server.services.sql.begin(async (tx) => {
    await tx`lock table session in access exclusive mode`;
    opening.hello({ deviceId: "d-2", user: user("u-1") });
    await opening.settled();
    failAcks(server, 1);
    phone.ack("UCHAT", 1);
    await phone.until(() => phone.ops("UCHAT").length === 2);
    await server.push();
    await phone.until(() => phone.ops("UCHAT").length === 3);
    await opening.settled();
  });
  await opening.until(() => unique(opening, "UCHAT").length === 2);
  assert.equal(opening.frames.find(({ type }) => type !== "pong")?.type, "welcome");
  assert.deepEqual(opening.ops("UCHAT").map((op) => op.id), [1, 2]);
});

Deno.test("[STR-3] an actor that goes on throwing is given up: its client is told to come again, and then gets everything", async () => {
  await using server = await startServer({ quiet: true });
  await using bystander = await RawClient.connect(server, { deviceId: "d-2", user: user("u-2") });
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  failAcks(server, 3);
  for (let round = 0; round < 3 && !phone.closed; round++) {
    await server.push({ payload: `${round}` });
    await phone.until(() => unique(phone, "UCHAT").length === round + 1);
    phone.ack("UCHAT", round + 1);
    await phone.until(() => phone.closed !== null || phone.ops("UCHAT").filter((op) => op.id === round + 1).length > 1);
  }
  assert.equal((await phone.close()).code, 1011);
  await using back = await RawClient.connect(server, { user: user("u-1") });
  await back.until(() => back.ops("UCHAT").length === 3);
  await server.push({ linkToken: "u-2" });
  await bystander.until(() => bystander.ops("UCHAT").length === 1);
});
