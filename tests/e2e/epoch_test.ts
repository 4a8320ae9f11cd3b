import assert from "node:assert/strict";
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import { ACTOR, USER_CONFIG } from "../support/catalog.ts";
import { RawClient, user } from "../support/client.ts";
import { message, post } from "../support/rest.ts";
import { startServer } from "../support/server.ts";

Deno.test("[STR-1] POST epoch: ids jump, the epoch stays, and clients that are connected or away miss and repeat nothing", async () => {
  await using server = await startServer();
  await using live = await RawClient.connect(server, { deviceId: "live", user: user("u-1") });
  await server.push({ payload: "1" });
  await server.pushGlobal({ payload: "g1" });
  live.send({ type: "foreground" });
  await live.until(() => live.ops().length === 2);
  const { epoch } = await live.next("welcome");
  live.ack("UCHAT", 1);
  assert.equal((await server.admin("POST", "/api/instances/default_demo/epoch")).status < 300, true);
  await server.services.catalog.refresh();
  await server.push({ payload: "2" });
  await server.pushGlobal({ payload: "g2" });
  live.send({ type: "foreground" });
  await live.until(() => live.ops().length === 4);
  const [, jumped] = live.ops("UCHAT");
  assert.ok(jumped!.id > 1_000_000_000 && jumped!.pl === "2");
  assert.deepEqual(live.batches("UCHAT").map(({ from, to }) => [from, to]), [[0, 1], [1, jumped!.id]]);
  // a client that was away, and one whose points lie between the old ids and those jumped to
  const between = 1_000_000;
  await using away = await RawClient.connect(server, {
    deviceId: "away",
    epoch,
    user: user("u-1", [["user", "UCHAT", 1]]),
  });
  await using ahead = await RawClient.connect(server, {
    deviceId: "ahead",
    epoch,
    points: [["global", "GLOBAL-SDK-CONFIG", between]],
    user: user("u-1", [["user", "UCHAT", between]]),
  });
  for (const client of [away, ahead]) {
    await client.until(() => client.ops("UCHAT").length === 1);
    assert.deepEqual(client.payloads("UCHAT"), ["2"]);
    assert.ok(!client.frames.some((frame) => frame.type === "reset"));
    assert.equal((await client.next("welcome")).epoch, epoch);
  }
  await ahead.until(() => ahead.ops("GLOBAL-SDK-CONFIG").length === 1);
  assert.deepEqual(ahead.payloads("GLOBAL-SDK-CONFIG"), ["g2"]);
});

Deno.test("[INS-1] nothing crosses instances: same user, device, bizType and thirdMsgId are somebody else's there", async () => {
  await using server = await startServer();
  const { sql, catalog } = server.services;
  const store = postgresCatalog(sql);
  await store.createInstance(ACTOR, { workspaceId: "sit", appId: "app", name: "Other" });
  await catalog.refresh();
  const { no } = catalog.instance("sit_app")!;
  await store.changeInstance(ACTOR, no, { signature: false });
  await store.createConfig(ACTOR, no, { ...USER_CONFIG, bizType: "UCHAT", multiDevice: true });
  await catalog.refresh();
  await using here = await RawClient.connect(server, { seq: 5, user: user("u-1") });
  await using there = await RawClient.connect(server, { seq: 9, instanceId: "sit_app", user: user("u-1") });
  const push = (instanceId: string) =>
    post(server, message({ thirdMsgId: "one", payload: instanceId }), { instanceId }).then(({ body }) => body.msg);
  assert.deepEqual([await push("default_demo"), await push("sit_app")], ["SUCCESS", "SUCCESS"]);
  for (const client of [here, there]) {
    await client.until(() => client.ops("UCHAT").length > 0);
    await client.settled();
  }
  assert.deepEqual([here.payloads("UCHAT"), there.payloads("UCHAT")], [["default_demo"], ["sit_app"]]);
  assert.notEqual((await here.next("welcome")).epoch, (await there.next("welcome")).epoch);
  there.ack("UCHAT", 1);
  await there.settled();
  await server.services.recorder.flush();
  const points = await sql`select instance, point from sync_point`;
  assert.deepEqual(points.map((row) => ({ ...row })), [{ instance: no, point: 1 }]);
});
