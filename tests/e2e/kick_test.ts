import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { startServer } from "../support/server.ts";

Deno.test("[OPS-5] a kick closes the user's sessions with 4403, also those of another server process", async () => {
  await using one = await startServer();
  await using two = await startServer({ databaseUrl: one.databaseUrl });
  await using here = await RawClient.connect(one, { deviceId: "d-1", user: user("u-1") });
  await using there = await RawClient.connect(two, { deviceId: "d-2", user: user("u-1") });
  await using other = await RawClient.connect(two, { deviceId: "d-3", user: user("u-2") });
  const answer = await one.admin("POST", "/api/instances/default_demo/users/u-1/kick");
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { closed: 2 });
  assert.deepEqual(await here.close(), { code: 4403, reason: "kicked" });
  assert.deepEqual(await there.close(), { code: 4403, reason: "kicked" });
  await other.settled();
  assert.equal(other.closed, null);
});

Deno.test("[OPS-5] a kick whose word got lost closes the session at the next beat", async () => {
  await using server = await startServer();
  await using client = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1") });
  await using other = await RawClient.connect(server, { deviceId: "d-2", user: user("u-1") });
  // what another process's kick leaves behind, without its word
  await server.services.sql`insert into eviction select node, connection, null from session where device = 'd-1'`;
  assert.deepEqual(await client.close(), { code: 4403, reason: "kicked" });
  await other.settled();
  assert.equal(other.closed, null);
});
