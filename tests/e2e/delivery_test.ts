import assert from "node:assert/strict";
import { FRAME_BYTES, FRAME_OPS } from "../../actors/connection.ts";
import { RawClient, user } from "../support/client.ts";
import { makeConfig } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Puts ops into the log as pushes do, many at once. */
async function stored(server: TestServer, count: number, fields: { bizType?: string; payload?: string } = {}) {
  const { bizType = "UCHAT", payload = "x" } = fields;
  const { catalog, appends } = server.services;
  const config = catalog.config(catalog.instance("default_demo")!.no, bizType)!;
  const at = Date.now();
  const op = { config: config.no, owner: "u-1", at, validUntil: at + 86_400_000, early: true, payload, binary: false };
  await Promise.all(
    Array.from(
      { length: count },
      () => appends.append({ ...op, mid: crypto.randomUUID(), os: null, minVersion: null, maxVersion: null }),
    ),
  );
}

/** Ids rise by one from 1, and every interval begins where the last one ended. */
function assertUnbroken(client: RawClient, biz: string, count: number): void {
  assert.deepEqual(client.ops(biz).map((op) => op.id), Array.from({ length: count }, (_, n) => n + 1));
  let covered = 0;
  for (const { from, to, ops } of client.batches(biz)) {
    assert.equal(from, covered, `${biz}: an interval begins at ${from} after ${covered}`);
    assert.ok(ops.every((op) => op.id > from && op.id <= to!));
    covered = to!;
  }
  assert.equal(covered, count);
}

Deno.test("[DLV-1] replay after connect is finished before live ops follow, and ids come in order", async () => {
  await using server = await startServer();
  await stored(server, 250);
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  // pushed while the replay has a window of 100 unacknowledged, and read pages under way
  const live = Promise.all(Array.from({ length: 50 }, () => server.push()));
  let acked = 0;
  while (phone.ops("UCHAT").length < 300) {
    await phone.until(() => phone.ops("UCHAT").length > acked);
    acked = phone.ops("UCHAT").at(-1)!.id;
    phone.ack("UCHAT", acked);
  }
  assert.ok((await live).every(({ msg }) => msg === "SUCCESS"));
  assertUnbroken(phone, "UCHAT", 300);
});

Deno.test("[DLV-2] everything due on connect goes out merged: many streams in one frame", async () => {
  await using server = await startServer();
  const names = Array.from({ length: 30 }, (_, n) => `BIZ-${n}`);
  for (const bizType of names) await makeConfig(server, { bizType });
  await Promise.all(names.map((bizType) => stored(server, 3, { bizType })));
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await phone.until(() => names.every((biz) => phone.ops(biz).length === 3));
  const frames = phone.frames.filter((frame) => frame.type === "sync");
  assert.deepEqual(frames.map(({ batches }) => batches.length), [30]);
});

Deno.test("[DLV-2] frames are split at 100 ops and at 64 KiB, and their intervals follow one another", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "LARGE" });
  await makeConfig(server, { bizType: "SMALL" });
  await stored(server, 60, { bizType: "LARGE", payload: "李".repeat(1_300) });
  await stored(server, 100, { bizType: "SMALL" });
  await stored(server, 100);
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await phone.until(() => ["LARGE", "SMALL", "UCHAT"].every((biz) => phone.ops(biz).length >= 60));
  await phone.until(() => phone.ops("SMALL").length === 100 && phone.ops("UCHAT").length === 100);
  const frames = phone.frames.filter((frame) => frame.type === "sync");
  assert.ok(frames.length >= 6, `${frames.length} frames`);
  for (const frame of frames) {
    assert.ok(frame.batches.flatMap((batch) => batch.ops).length <= FRAME_OPS);
    assert.ok(new TextEncoder().encode(JSON.stringify(frame)).length <= FRAME_BYTES);
  }
  assertUnbroken(phone, "LARGE", 60);
  assertUnbroken(phone, "SMALL", 100);
  assertUnbroken(phone, "UCHAT", 100);
});

Deno.test("[DLV-3] at most 100 ops are unacknowledged per stream; the rest waits in the log until acks make room", async () => {
  await using server = await startServer();
  await stored(server, 130);
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await phone.until(() => phone.ops("UCHAT").length === 100);
  // live ops wait behind it, and other streams go by
  await server.push();
  await server.push({ bizType: "TRADE-RESULT" });
  await phone.until(() => phone.ops("TRADE-RESULT").length === 1);
  await phone.settled();
  assert.equal(phone.ops("UCHAT").length, 100);
  phone.ack("UCHAT", 60);
  await phone.until(() => phone.ops("UCHAT").length === 131);
  assertUnbroken(phone, "UCHAT", 131);
});

Deno.test("[DLV-3] at most 256 KiB are unacknowledged per stream, live and in the replay", async () => {
  await using server = await startServer();
  // 24 KiB each as JSON: control characters are escaped
  const payload = "\u0001".repeat(4_096);
  const bytes = (client: RawClient) =>
    client.ops("UCHAT").reduce((sum, op) => sum + new TextEncoder().encode(JSON.stringify(op)).length, 0);
  await using live = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1") });
  for (let n = 0; n < 14; n++) await server.push({ payload });
  await using replay = await RawClient.connect(server, { deviceId: "d-2", user: user("u-1") });
  for (const phone of [live, replay]) {
    await phone.until(() => phone.ops("UCHAT").length >= 10);
    await phone.settled();
    assert.ok(bytes(phone) <= 256 * 1024, `${bytes(phone)} bytes`);
    assert.equal(phone.ops("UCHAT").length, 10);
    phone.ack("UCHAT", 6);
    await phone.until(() => phone.ops("UCHAT").length === 14);
    assertUnbroken(phone, "UCHAT", 14);
  }
});

Deno.test("[DLV-2] [DLV-3] a large replay of many streams at once is no reason to cut a client off as slow", async () => {
  await using server = await startServer();
  const names = Array.from({ length: 12 }, (_, n) => `BIZ-${n}`);
  for (const bizType of names) await makeConfig(server, { bizType });
  const payload = "x".repeat(4_000);
  await Promise.all(names.map((bizType) => stored(server, 63, { bizType, payload })));
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await phone.until(() => names.every((biz) => phone.ops(biz).length === 63));
  assert.equal(phone.closed, null);
  for (const biz of names) assertUnbroken(phone, biz, 63);
});

Deno.test("[DLV-6] an ack after the discard changes nothing, and later ops go on", async () => {
  await using server = await startServer({
    env: { MAX_RETRIES: "0", ACK_TIMEOUT_MS: "1000", ACK_TIMEOUT_MAX_MS: "1000" },
  });
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await server.push({ payload: "1", thirdMsgId: "m-1" });
  await phone.until(() => phone.batches("UCHAT").some(({ gone }) => gone?.includes(1)));
  phone.send({ type: "ack", scope: "user", biz: "UCHAT", ids: [1] });
  await server.push({ payload: "2" });
  await phone.until(() => phone.ops("UCHAT").length === 2);
  phone.ack("UCHAT", 2);
  await phone.settled();
  await server.services.recorder.flush();
  const { sql } = server.services;
  const [letter] = await sql`select id, mid, reason, attempts, device from dead_letter`;
  assert.deepEqual({ ...letter }, { id: 1, mid: "m-1", reason: "retries", attempts: 0, device: "d-1" });
  const arrived = await sql<{ id: number }[]>`select id from arrival`;
  assert.deepEqual(arrived.map(({ id }) => id), [2]);
  // nor does it come again on the next connection
  await using again = await RawClient.connect(server, { user: user("u-1") });
  await again.until(() => again.ops("UCHAT").length === 1);
  await again.settled();
  assert.deepEqual(again.payloads("UCHAT"), ["2"]);
});
