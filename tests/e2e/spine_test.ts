import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { startServer } from "../support/server.ts";

Deno.test("[PUSH-3] [DEV-1] a push is stored, delivered to both devices of a user in order, acknowledged, caught up", async () => {
  await using server = await startServer();
  assert.deepEqual(await server.push({ payload: "0" }), { success: true, msg: "NOT_ONLINE" });
  const one = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1") });
  await using two = await RawClient.connect(server, { deviceId: "d-2", user: user("u-1") });
  await one.until(() => one.ops("UCHAT").length === 1);
  await two.until(() => two.ops("UCHAT").length === 1);
  for (const payload of ["1", "2", "3"]) assert.deepEqual((await server.push({ payload })).msg, "SUCCESS");
  await one.until(() => one.ops("UCHAT").length === 4);
  await two.until(() => two.ops("UCHAT").length === 4);
  assert.deepEqual(one.payloads("UCHAT"), ["0", "1", "2", "3"]);
  assert.deepEqual(one.ops("UCHAT").map((op) => op.id), [1, 2, 3, 4]);
  one.ack("UCHAT", 3);
  await one.settled();
  await one[Symbol.asyncDispose]();
  assert.deepEqual((await server.push({ payload: "4" })).msg, "SUCCESS");
  await using back = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1", [["user", "UCHAT", 3]]) });
  await back.until(() => back.ops("UCHAT").length === 2);
  assert.deepEqual(back.batches("UCHAT").map(({ from, to, ops }) => ({ from, to, ids: ops.map((op) => op.id) })), [
    { from: 3, to: 5, ids: [4, 5] },
  ]);
});
