import assert from "node:assert/strict";
import { RawSocket } from "../support/raw_socket.ts";
import { startServer, type TestServer } from "../support/server.ts";

const BEHIND_PROXY = { TRUSTED_PROXIES: "127.0.0.0/8, ::1" };

Deno.test("proxies: behind a trusted one each client counts for its own address", async () => {
  await using server = await startServer({ env: { ...BEHIND_PROXY, MAX_CONNECTIONS_PER_ADDRESS: "1" } });
  await using first = await RawSocket.upgrade(server.port, "X-Forwarded-For: 203.0.113.5\r\n");
  await using other = await RawSocket.upgrade(server.port, "X-Forwarded-For: 203.0.113.6\r\n");
  await using liar = await RawSocket.upgrade(
    server.port,
    "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.5\r\n",
  );
  await liar.until(() => liar.text.includes("rate-limited"));
  for (const socket of [first, other]) assert.doesNotMatch(socket.text, /rate-limited/);
});

Deno.test("proxies: guesses at an account from one address do not keep its owner out", async () => {
  await using server = await startServer({ env: BEHIND_PROXY });
  const made = await (await server.admin("POST", "/api/operators", { login: "zhang.min", role: "viewer" })).json();
  const enter = (password: string, from: string) => login(server, password, from);
  for (let n = 0; n < 5; n++) assert.equal(await enter("wrong", "203.0.113.5"), 401);
  assert.equal(await enter(made.password, "203.0.113.5"), 429);
  assert.equal(await enter(made.password, "203.0.113.6"), 200);
});

Deno.test("proxies: what a caller says of itself changes nothing unless it is trusted", async () => {
  await using server = await startServer({ env: { MAX_CONNECTIONS_PER_ADDRESS: "1", LIMIT_PRIVATE_ADDRESSES: "1" } });
  await using _first = await RawSocket.upgrade(server.port, "X-Forwarded-For: 203.0.113.5\r\n");
  await using second = await RawSocket.upgrade(server.port, "X-Forwarded-For: 203.0.113.6\r\n");
  await second.until(() => second.text.includes("rate-limited"));
  await server.admin("POST", "/api/operators", { login: "zhang.min", role: "viewer" }).then((made) =>
    made.body?.cancel()
  );
  for (let n = 0; n < 5; n++) assert.equal(await login(server, "wrong", `203.0.113.${n}`), 401);
  assert.equal(await login(server, "wrong", "203.0.113.6"), 429);
});

async function login(server: TestServer, password: string, from: string): Promise<number> {
  const answer = await fetch(`${server.url}/api/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Syncline-Console": "1", "X-Forwarded-For": from },
    body: JSON.stringify({ login: "zhang.min", password }),
  });
  await answer.body?.cancel();
  return answer.status;
}
