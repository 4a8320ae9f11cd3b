import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/clock.ts";
import { RawClient } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { frameHead, RawSocket, textFrame } from "../support/raw_socket.ts";
import { startServer } from "../support/server.ts";

Deno.test("unfinished: a client that does not answer the close is cut off 5 s later", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using rude = await RawSocket.upgrade(server.port);
  await rude.send(textFrame("no JSON"));
  await rude.until(() => rude.text.includes("bad-frame: the frame"));
  assert.equal(rude.ended, false);
  clock.advance(5_100);
  await rude.until(() => rude.ended);
});

Deno.test("unfinished: a frame that never ends is no hello, and its sender is cut off", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using half = await RawSocket.upgrade(server.port);
  await half.send(frameHead(60 * 1024 * 1024));
  await half.send(new Uint8Array(100_000));
  await using _greeted = await RawClient.connect(server);
  clock.advance(10_100);
  await half.until(() => half.text.includes("hello-timeout"));
  clock.advance(5_100);
  await half.until(() => half.ended);
});

Deno.test("unfinished: a handshake that cannot be answered is refused, and takes no place", async () => {
  await using server = await startServer({ env: { MAX_CONNECTIONS_PER_ADDRESS: "1", LIMIT_PRIVATE_ADDRESSES: "1" } });
  const head = "GET /sync HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n";
  const wrong = [
    "",
    "Connection: Upgrade\r\n",
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
  ];
  for (const rest of wrong) {
    await using socket = await RawSocket.open(server.port, `${head}${rest}\r\n`);
    await socket.until(() => socket.text.includes("\r\n"));
    assert.match(socket.text, /^HTTP\/1\.1 4\d\d /, rest);
  }
  await using client = await RawClient.connect(server);
  await client.settled();
});

Deno.test("connects: above the connections of its address a client is told to come back; each that goes makes room", async () => {
  await using server = await startServer({ env: { MAX_CONNECTIONS_PER_ADDRESS: "2", LIMIT_PRIVATE_ADDRESSES: "1" } });
  const one = await RawClient.connect(server, { deviceId: "d-1" });
  await using two = await RawClient.connect(server, { deviceId: "d-2" });
  await using three = await RawClient.open(server.syncUrl);
  const { code, reason } = await three.close();
  assert.equal(code, 4429);
  assert.match(reason, /^rate-limited retry-after-ms=\d+$/);
  await one[Symbol.asyncDispose]();
  for (let welcomed = false; !welcomed;) {
    await using four = await RawClient.open(server.syncUrl);
    four.hello({ deviceId: "d-4" });
    await four.until(() => four.closed !== null || four.frames.length > 0);
    welcomed = four.frames.some((frame) => frame.type === "welcome");
  }
  await two.settled();
});

Deno.test("connects: faster than its address may, a client is told to come back, and flooding goes without an upgrade", async () => {
  // time stands still, so that nothing is forgiven meanwhile
  const now = Date.now();
  await using server = await startServer({
    clock: { ...systemClock, now: () => now },
    env: {
      CONNECTS_PER_SECOND_PER_ADDRESS: "1",
      MAX_CONNECTIONS_PER_ADDRESS: "20",
      LIMIT_PRIVATE_ADDRESSES: "1",
    },
  });
  await using first = await RawClient.connect(server);
  for (let n = 1; n < 10; n++) await (await RawClient.open(server.syncUrl))[Symbol.asyncDispose]();
  await using late = await RawClient.open(server.syncUrl);
  assert.equal((await late.close()).code, 4429);
  const flood: RawSocket[] = [];
  for (let n = 0; n < 200; n++) flood.push(await RawSocket.open(server.port, HANDSHAKE));
  for (const socket of flood) await socket.until(() => socket.text.includes("\r\n"));
  const statuses = Map.groupBy(flood, ({ text }) => text.slice(9, 12));
  assert.ok(statuses.get("101")!.length < 100 && statuses.get("429")!.length > 100, [...statuses.keys()].join());
  for (const socket of flood) await socket[Symbol.asyncDispose]();
  await first.settled();
});

Deno.test("connects: by default a private address has no limit of its own, and a process has one in all", async () => {
  await using server = await startServer({ env: { MAX_CONNECTIONS_PER_ADDRESS: "1", MAX_CONNECTIONS: "3" } });
  const clients: RawClient[] = [];
  for (let n = 0; n < 3; n++) clients.push(await RawClient.connect(server, { deviceId: `d-${n}` }));
  for (const client of clients) await client.settled();
  await using fourth = await RawClient.open(server.syncUrl);
  assert.equal((await fourth.close()).code, 4503);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("4429: binds cost more than other frames, because each reads the log", async () => {
  const now = Date.now();
  await using server = await startServer({ clock: { ...systemClock, now: () => now } });
  await using client = await RawClient.connect(server);
  for (let n = 0; n < 90; n++) client.send({ type: "bind", n, userId: "u-1", sessionId: "s-1", points: [] });
  await client.settled();
  for (let n = 0; n < 9; n++) client.send({ type: "bind", n, userId: "u-1", sessionId: "s-1", points: [] });
  assert.equal((await client.close()).code, 4429);
});

Deno.test("a server that runs out of descriptors listens again, and open connections do not notice", async () => {
  const program = fileURLToPath(new URL("../support/listen_process.ts", import.meta.url));
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -n 80; exec "$0" run -A --no-check "$1"`, Deno.execPath(), program],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  try {
    let output = "";
    const { promise: listening, resolve } = Promise.withResolvers<number>();
    const { promise: failed, resolve: saysSo } = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        output += text;
        const port = /port (\d+)/.exec(output)?.[1];
        if (port) resolve(Number(port));
        if (output.includes("begun again")) saysSo();
      }
    })();
    const port = await listening;
    const echo = new WebSocket(`ws://127.0.0.1:${port}`);
    await new Promise((opened) => echo.onopen = opened);
    const flood: RawSocket[] = [];
    try {
      for (let n = 0; n < 200; n++) flood.push(await RawSocket.open(port));
    } catch {
      // nobody listens at the moment
    }
    await failed;
    const heard = new Promise((resolve) => echo.onmessage = ({ data }) => resolve(data));
    echo.send("still there");
    assert.equal(await heard, "still there");
    for (const socket of flood) await socket[Symbol.asyncDispose]();
    let served = "";
    for (const deadline = Date.now() + 30_000; served === "" && Date.now() < deadline;) {
      served = await fetch(`http://127.0.0.1:${port}/`).then((response) => response.text(), () => "");
    }
    assert.equal(served, "served");
    const closed = new Promise((resolve) => echo.onclose = resolve);
    echo.close();
    await closed;
    child.kill("SIGKILL");
    await reading;
  } finally {
    await child.status;
  }
});

const HANDSHAKE = "GET /sync HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

Deno.test("4429: a frame counts for as many as fill 4 KiB, so that large ones are fewer", async () => {
  const now = Date.now();
  await using server = await startServer({ clock: { ...systemClock, now: () => now } });
  await using client = await RawClient.connect(server);
  const ping = { type: "ping", n: 1, pad: "x".repeat(60_000) };
  for (let n = 0; n < 334; n++) client.send(ping);
  assert.equal((await client.close()).code, 4429);
});

Deno.test("unfinished: who never ends a message is cut off when memory grows, and silent honest clients are not", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({
    clock,
    quiet: true,
    env: { UNFINISHED_BYTES: "0", HEARTBEAT_MS: "3600000" },
  });
  await using honest = await RawClient.connect(server, { deviceId: "d-1" });
  await using endless = await RawSocket.upgrade(server.port);
  const hello = { type: "hello", protocol: 1, seq: 1, instanceId: "default_demo", deviceId: "d-2" };
  await endless.send(textFrame(JSON.stringify(hello)));
  await endless.until(() => endless.text.includes("welcome"));
  const part = new Uint8Array([...frameHead(1024 * 1024, { opcode: 0, fin: false }), ...new Uint8Array(1024 * 1024)]);
  part[0] = 1;
  for (let n = 0; n < 64; n++) {
    await endless.send(part);
    part[0] = 0;
  }
  const { registry } = server.services;
  // far less than a heartbeat
  for (let n = 0; n < 30 && registry.counts.sessions > 1; n++) {
    clock.advance(2_000);
    await honest.settled();
  }
  assert.equal(registry.counts.sessions, 1);
  clock.advance(5_100);
  await endless.until(() => endless.ended);
  await honest.settled();
});
