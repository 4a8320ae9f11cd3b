import assert from "node:assert/strict";
import { systemClock } from "../../src/clock.ts";
import { RawClient, user } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Opens a socket, says one thing and waits for the close. */
async function closeAfter(
  server: TestServer,
  say: (client: RawClient) => void,
): Promise<{ code: number; reason: string; client: RawClient }> {
  await using client = await RawClient.open(server.syncUrl);
  say(client);
  return { ...await client.close(), client };
}

const HELLO = { type: "hello", protocol: 1, seq: 1, instanceId: "default_demo", deviceId: "d-9" };
const text = (frame: unknown) => (client: RawClient) => client.sendText(JSON.stringify(frame));

Deno.test("4400: a bad frame closes that session alone, with the field named in an error frame and in the reason", async () => {
  await using server = await startServer();
  await using bystander = await RawClient.connect(server, { user: user("u-1") });
  const cases: [say: (client: RawClient) => void, named: RegExp][] = [
    [(client) => client.sendText("{"), /JSON/],
    [(client) => client.sendText(""), /JSON/],
    [text(null), /frame/],
    [text([HELLO]), /frame|type/],
    [text({ type: "shout" }), /type/],
    [text({ type: "ping", n: 1 }), /type: the first frame must be hello/],
    [text({ ...HELLO, deviceId: "" }), /deviceId/],
    [text({ ...HELLO, user: { userId: "u-1" } }), /user\.sessionId/],
    [text({ ...HELLO, points: [["user", "UCHAT", -1]] }), /points\.0\.2/],
    [text({ ...HELLO, deviceId: `d\u0000` }), /deviceId.*control/],
  ];
  for (const [say, named] of cases) {
    const { code, reason, client } = await closeAfter(server, say);
    assert.deepEqual([code, reason.split(":")[0]], [4400, "bad-frame"]);
    assert.match(reason, named);
    const [error] = client.frames;
    assert.ok(error?.type === "error" && error.code === "bad-frame", JSON.stringify(client.frames));
    assert.match(error.message, named);
  }
  const bytes = await closeAfter(server, (client) => client.sendText(new Uint8Array([1, 2, 3])));
  assert.equal(bytes.code, 4400);
  assert.equal((await server.push()).msg, "SUCCESS");
  await bystander.until(() => bystander.ops("UCHAT").length === 1);
});

Deno.test("4400: after the hello too, for an unknown type, a bad field, and a second hello", async () => {
  await using server = await startServer();
  for (
    const frame of [HELLO, { type: "welcome" }, { type: "ack", scope: "user", biz: "UCHAT" }, { type: "bind", n: "1" }]
  ) {
    await using client = await RawClient.connect(server);
    client.send(frame);
    assert.equal((await client.close()).code, 4400, JSON.stringify(frame));
  }
});

Deno.test("unknown fields are ignored, and a hello with everything in it is welcomed", async () => {
  await using server = await startServer();
  await using client = await RawClient.open(server.syncUrl);
  client.send({ ...HELLO, sdk: "x/1", epoch: "unknown", colour: { deep: [1] }, user: { ...user("u-1"), age: 3 } });
  const { heartbeatMs, serverTime, user: bound, connectionId } = await client.next("welcome");
  assert.deepEqual([heartbeatMs, bound], [45_000, { userId: "u-1", consistency: "unknown" }]);
  assert.ok(Math.abs(serverTime - Date.now()) < 60_000 && connectionId.length > 0);
  client.send({ type: "ping", n: -7, more: true });
  assert.equal((await client.next("pong")).n, -7);
});

Deno.test("4404, 4426: an unknown instance, and a protocol that is not spoken here, whatever else the hello says", async () => {
  await using server = await startServer();
  const reasons = await Promise.all([
    closeAfter(server, text({ ...HELLO, instanceId: "nobody_s" })),
    closeAfter(server, text({ ...HELLO, protocol: 2 })),
    closeAfter(server, text({ type: "hello", protocol: 9, fields: "of another time" })),
  ]);
  assert.deepEqual(reasons.map(({ code, reason }) => `${code} ${reason}`), [
    "4404 instance-unknown",
    "4426 protocol-unsupported: this server speaks 1",
    "4426 protocol-unsupported: this server speaks 1",
  ]);
});

Deno.test("4408: who says nothing for 10 s is closed, and who said hello is not", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using silent = await RawClient.open(server.syncUrl);
  await using greeted = await RawClient.connect(server);
  clock.advance(9_000);
  await greeted.settled();
  assert.equal(silent.closed, null);
  clock.advance(1_100);
  assert.deepEqual(await silent.close(), { code: 4408, reason: "hello-timeout" });
  await greeted.settled();
});

Deno.test("4413: a hello may have 256 KiB and any other frame 64 KiB, in bytes of UTF-8", async () => {
  await using server = await startServer();
  const padded = (frame: object, bytes: number, fill = "x") => {
    const bare = JSON.stringify({ ...frame, pad: "" });
    const size = new TextEncoder().encode(fill).length;
    return bare.replace('"pad":""', `"pad":"${fill.repeat(Math.ceil((bytes - bare.length) / size))}"`);
  };
  for (const fill of ["x", "李"]) {
    await using client = await RawClient.open(server.syncUrl);
    client.sendText(padded({ ...HELLO, seq: Date.now() }, 256 * 1024 - 3, fill));
    await client.next("welcome");
    client.sendText(padded({ type: "ping", n: 1 }, 64 * 1024 - 3, fill));
    await client.next("pong");
    client.sendText(padded({ type: "ping", n: 2 }, 64 * 1024 + 1, fill));
    assert.deepEqual(await client.close(), { code: 4413, reason: "frame-too-large" });
    const hello = await closeAfter(server, (late) => late.sendText(padded(HELLO, 256 * 1024 + 1, fill)));
    assert.equal(hello.code, 4413);
  }
});

Deno.test("4429: a socket that floods is closed with a hint", async () => {
  // time stands still, so that nothing is forgiven meanwhile
  const now = Date.now();
  await using server = await startServer({ clock: { ...systemClock, now: () => now } });
  await using client = await RawClient.connect(server);
  for (let n = 0; n < 5_000; n++) client.send({ type: "pong", n });
  const { code, reason } = await client.close();
  assert.equal(code, 4429);
  assert.match(reason, /^rate-limited retry-after-ms=\d+$/);
});

Deno.test("setting the machine's clock back closes nobody", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using client = await RawClient.connect(server);
  clock.jump(-3_600_000);
  for (let n = 0; n < 3; n++) await client.settled();
});

Deno.test("4503: above its connections a server sends clients away with a hint, until one goes", async () => {
  await using server = await startServer({ env: { MAX_CONNECTIONS: "2" } });
  await using _one = await RawClient.connect(server, { deviceId: "d-1" });
  const two = await RawClient.connect(server, { deviceId: "d-2" });
  await using three = await RawClient.open(server.syncUrl);
  const { code, reason } = await three.close();
  assert.equal(code, 4503);
  assert.match(reason, /^overloaded retry-after-ms=\d+$/);
  await two[Symbol.asyncDispose]();
  while (server.services.registry.counts.sessions > 1) await server.push();
  await using four = await RawClient.connect(server, { deviceId: "d-4" });
  await four.settled();
});

Deno.test("[OPS-3] 1001: a draining server closes every session with a hint of its own, and greets nobody", async () => {
  await using server = await startServer();
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, n) => RawClient.connect(server, { deviceId: `d-${n}` })),
  );
  await server.restart();
  const closes = await Promise.all(clients.map((client) => client.close()));
  assert.ok(closes.every(({ code, reason }) => code === 1001 && /^going-away retry-after-ms=\d+$/.test(reason)));
  const hints = new Set(closes.map(({ reason }) => reason.split("=")[1]));
  assert.ok(hints.size > 10, "the hints are spread");
  await using back = await RawClient.connect(server);
  await back.settled();
});

Deno.test("a request to /sync that is no WebSocket is told so", async () => {
  await using server = await startServer();
  const response = await fetch(`${server.url}/sync`);
  assert.deepEqual([response.status, response.headers.get("Upgrade")], [426, "websocket"]);
  await response.body?.cancel();
});

Deno.test("the server pings idle sockets, and drops those that do not answer within two heartbeats", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock, env: { HEARTBEAT_MS: "20000" } });
  await using alive = await RawClient.connect(server, { deviceId: "d-alive" });
  const dead = await RawClient.connect(server, { deviceId: "d-dead" });
  dead.alive = false;
  for (let step = 0; step < 9 && !dead.closed; step++) {
    clock.advance(5_000);
    await alive.settled();
  }
  assert.equal((await dead.close()).code, 1011);
  assert.ok(dead.frames.some((frame) => frame.type === "ping"), "it was asked first");
  await alive.settled();
});
