import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { NodeSocket } from "../../sdk/platform/node_socket.ts";
import { encodeFrame, FrameReader, OPCODE } from "../../sdk/platform/ws_frames.ts";
import { until } from "./support/until.ts";

/** A frame as a server sends it, not masked. */
function serverFrame(opcode: number, body: Uint8Array, fin = true): Uint8Array {
  const head = body.length < 126
    ? [body.length]
    : body.length < 65536
    ? [126, body.length >> 8, body.length & 255]
    : [127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (body.length >>> shift) & 255)];
  return new Uint8Array([(fin ? 0x80 : 0) | opcode, ...head, ...body]);
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** A server that answers the handshake and then does what the test says with the raw connection. */
function rawServer(serve: (conn: Deno.TcpConn) => Promise<void>, accept?: string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const work = (async () => {
    const conn = await listener.accept();
    const buffer = new Uint8Array(4096);
    const head = new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
    const key = /sec-websocket-key: (.+)\r\n/i.exec(head)?.[1];
    const right = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    lines.push(`Sec-WebSocket-Accept: ${accept ?? right}`, "", "");
    await conn.write(utf8(lines.join("\r\n")));
    await serve(conn).catch(() => {});
  })();
  return {
    url: `ws://127.0.0.1:${listener.addr.port}/sync`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await work.catch(() => {});
    },
  };
}

function listen(socket: NodeSocket) {
  const heard = { open: 0, messages: [] as unknown[], closed: [] as string[] };
  socket.onopen = () => heard.open++;
  socket.onmessage = ({ data }) => heard.messages.push(data);
  socket.onclose = ({ code, reason }) => heard.closed.push(`${code} ${reason}`.trim());
  return heard;
}

Deno.test("[SDK-5] NodeSocket talks with a real server: long texts both ways, subprotocol, close code and reason", async () => {
  const got: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "syncline.v1" });
    socket.onmessage = ({ data }) => {
      got.push(data);
      if (data === "bye") socket.close(4503, "overloaded retry-after-ms=8000");
      else socket.send(data);
    };
    return response;
  });
  const socket = new NodeSocket(`ws://127.0.0.1:${server.addr.port}/sync?x=1`, ["syncline.v1"]);
  const heard = listen(socket);
  await until("open", () => heard.open === 1);
  const texts = ["", "é\u{1F600}", "x".repeat(125), "x".repeat(126), "é".repeat(40_000), "x".repeat(70_000)];
  for (const text of texts) socket.send(text);
  await until("the echo", () => heard.messages.length === texts.length);
  assert.deepEqual(heard.messages, texts);
  socket.send("bye");
  await until("closed", () => heard.closed.length === 1);
  assert.deepEqual(heard.closed, ["4503 overloaded retry-after-ms=8000"]);
  socket.send("too late");
  socket.close();
  await server.shutdown();
});

Deno.test("[SDK-5] NodeSocket puts fragments together, answers pings in between, and takes bytes in any pieces", async () => {
  const answers: { opcode: number; text: string }[] = [];
  await using server = rawServer(async (conn) => {
    const bytes = [
      ...serverFrame(OPCODE.text, utf8("one "), false),
      ...serverFrame(OPCODE.ping, utf8("p")),
      ...serverFrame(OPCODE.continuation, utf8("two")),
      ...serverFrame(OPCODE.close, new Uint8Array([0x0f, 0xa1, ...utf8("resync")])),
    ];
    for (const byte of bytes) await conn.write(new Uint8Array([byte]));
    const buffer = new Uint8Array(4096);
    const n = await conn.read(buffer) ?? 0;
    for (let at = 0; at + 6 <= n;) {
      const length = buffer[at + 1]! & 0x7f;
      const body = buffer.slice(at + 6, at + 6 + length).map((b, i) => b ^ buffer[at + 2 + (i & 3)]!);
      answers.push({ opcode: buffer[at]! & 15, text: new TextDecoder().decode(body) });
      at += 6 + length;
    }
    conn.close();
  });
  const heard = listen(new NodeSocket(server.url, ["syncline.v1"]));
  await until("closed", () => heard.closed.length === 1);
  assert.deepEqual([heard.messages, heard.closed], [["one two"], ["4001 resync"]]);
  await until("the pong", () => answers.length > 0);
  assert.deepEqual(answers[0], { opcode: OPCODE.pong, text: "p" });
});

Deno.test("[SDK-5] NodeSocket: a cut in the middle of a frame is 1006, once", async () => {
  await using server = rawServer(async (conn) => {
    await conn.write(serverFrame(OPCODE.text, utf8("half of this")).subarray(0, 6));
    conn.close();
  });
  const heard = listen(new NodeSocket(server.url, ["syncline.v1"]));
  await until("closed", () => heard.closed.length > 0);
  assert.deepEqual([heard.messages, heard.closed], [[], ["1006"]]);
});

Deno.test("[SDK-5] NodeSocket: a server that says goodbye and does not hang up keeps no connection", async () => {
  let refused = false;
  await using server = rawServer(async (conn) => {
    await conn.write(serverFrame(OPCODE.close, new Uint8Array([0x03, 0xe9])));
    try {
      while (!refused) {
        await conn.write(serverFrame(OPCODE.ping, utf8("still there?")));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } catch {
      refused = true;
    }
    conn.close();
  });
  const heard = listen(new NodeSocket(server.url, ["syncline.v1"]));
  await until("closed", () => heard.closed.length === 1);
  assert.deepEqual(heard.closed, ["1001"]);
  await until("the connection to be gone", () => refused, 20_000).finally(() => refused = true);
});

Deno.test("[SDK-5] NodeSocket: no server, a refusal, or a wrong handshake is 1006", async () => {
  const nobody = listen(new NodeSocket("ws://127.0.0.1:1/sync", ["syncline.v1"]));
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("no", { status: 503 }));
  const refused = listen(new NodeSocket(`ws://127.0.0.1:${http.addr.port}/sync`, ["syncline.v1"]));
  await using server = rawServer((conn) => {
    conn.close();
    return Promise.resolve();
  }, "wrong");
  const wrong = listen(new NodeSocket(server.url, ["syncline.v1"]));
  for (const heard of [nobody, refused, wrong]) {
    await until("closed", () => heard.closed.length > 0);
    assert.deepEqual([heard.open, heard.closed.length, heard.closed[0]?.slice(0, 4)], [0, 1, "1006"]);
  }
  await http.shutdown();
});

Deno.test("[SDK-5] frames: what a client sends is masked; a masked or endless one from a server is refused", () => {
  const sent = encodeFrame(OPCODE.text, Buffer.from("hello"));
  assert.equal(sent[1]! & 0x80, 0x80);
  assert.notEqual(Buffer.from(sent).subarray(6).toString(), "hello");
  assert.match(new FrameReader().push(sent).failed ?? "", /mask/);
  const endless = Buffer.from([0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0]);
  assert.match(new FrameReader().push(endless).failed ?? "", /long/);
});
