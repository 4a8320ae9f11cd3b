import assert from "node:assert/strict";
import { SteppableClock } from "../support/clock.ts";
import { message, post } from "../support/rest.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { ADMIN_TOKEN, startServer, type TestServer } from "../support/server.ts";

const PUSH = "POST /webapi/sync/single?instanceId=default_demo HTTP/1.1\r\nHost: localhost\r\n";
const ADMIN = "POST /api/instances HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
  `Authorization: Bearer ${ADMIN_TOKEN}\r\n`;

/** Waits until the server has taken so many requests under way, since none of them is answered. */
async function taken(server: TestServer, count: number): Promise<void> {
  const received = async () =>
    Number(/^syncline_pushes_received_total (\d+)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]);
  while (await received() < count) await server.services.sql`select 1`;
}

Deno.test("unfinished: a body that does not arrive within 30 s is answered, by length or in chunks", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using declared = await RawSocket.open(server.port, `${PUSH}Content-Length: 100\r\n\r\n{"bizType"`);
  await using chunked = await RawSocket.open(server.port, `${PUSH}Transfer-Encoding: chunked\r\n\r\n5\r\n{"biz\r\n`);
  await taken(server, 2);
  clock.advance(20_000);
  assert.equal((await post(server, message())).body.msg, "NOT_ONLINE");
  assert.equal(declared.text + chunked.text, "", "they may take their time");
  clock.advance(20_000);
  for (const socket of [declared, chunked]) {
    await socket.until(() => socket.text.includes("}"));
    assert.match(
      socket.text,
      /^HTTP\/1\.1 200 [^]*"msg":"ARGS_ILLEGAL","detail":"The body did not arrive within 30 s"/,
    );
  }
});

Deno.test("unfinished: the same for the admin API, with a status", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using late = await RawSocket.open(server.port, `${ADMIN}Content-Length: 100\r\n\r\n{"workspaceId"`);
  // two requests are answered in the order of their coming: the late one has been taken when the other is done
  assert.equal((await server.admin("GET", "/api/instances")).status, 200);
  for (const deadline = Date.now() + 20_000; late.text === "" && Date.now() < deadline;) {
    clock.advance(20_000);
    assert.equal((await fetch(`${server.url}/healthz`)).ok, true);
  }
  assert.match(late.text, /^HTTP\/1\.1 400 [^]*"code":"ARGS_ILLEGAL"/);
});

Deno.test("unfinished: a caller that goes away in the middle of its body harms nobody", async () => {
  await using server = await startServer();
  for (let n = 0; n < 20; n++) {
    const socket = await RawSocket.open(server.port, `${n % 2 ? PUSH : ADMIN}Content-Length: 100\r\n\r\n{"bizType"`);
    await socket[Symbol.asyncDispose]();
  }
  assert.equal((await post(server, message())).body.msg, "NOT_ONLINE");
});

Deno.test("[OPS-5] a body of the admin API above 64 KiB is refused, with and without a declared length", async () => {
  await using server = await startServer();
  const text = JSON.stringify({ workspaceId: "sit", appId: "app", name: "x", pad: "x".repeat(65_536) });
  for (const body of [text, new Blob([text]).stream()]) {
    const response = await fetch(`${server.url}/api/instances`, {
      method: "POST",
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, "Content-Type": "application/json" },
      body,
    });
    assert.deepEqual([response.status, (await response.json()).code], [413, "BODY_TOO_LARGE"]);
  }
});

Deno.test("a body where no route takes one, or a method that nobody serves, is refused and not our fault", async () => {
  await using server = await startServer();
  for (const method of ["GET", "TRACE", "OPTIONS", "BREW", "PUT", "HEAD"]) {
    for (const path of ["/api/instances", "/webapi/sync/single?instanceId=default_demo", "/sync", "/metrics"]) {
      const head = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`;
      await using socket = await RawSocket.open(server.port, head);
      await socket.until(() => socket.text.includes("\r\n\r\n"));
      assert.match(socket.text, /^HTTP\/1\.1 [234]\d\d /, `${method} ${path}: ${socket.text.slice(0, 100)}`);
    }
  }
});
