import { freePort } from "./product.ts";

/**
 * Runs a server in a process of its own while `run` measures it: the floor of a benchmark.
 *
 * @param argsOf arguments of the runtime for a server on this port of the loopback; it answers a POST in any way
 */
export async function withServer<T>(
  argsOf: (port: number) => string[],
  run: (server: { port: number; pid: number }) => Promise<T>,
): Promise<T> {
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), { args: argsOf(port) }).spawn();
  try {
    const body = JSON.stringify({ linkToken: "first", thirdMsgId: "first", payload: "first" });
    while (!await fetch(`http://127.0.0.1:${port}`, { method: "POST", body }).then((r) => r.text(), () => null));
    return await run({ port, pid: child.pid });
  } finally {
    child.kill();
    await child.status;
  }
}

/**
 * The same for a WebSocket server in bare Deno, on all of loopback.
 *
 * @param onSocket statements for each `socket`
 * @param before statements before all sockets
 */
export function withSocketServer<T>(
  { onSocket, before = "" }: { onSocket: string; before?: string },
  run: (server: { port: number; pid: number }) => Promise<T>,
): Promise<T> {
  const program = (port: number) =>
    `${before}
    Deno.serve({ hostname: "0.0.0.0", port: ${port}, onListen() {} }, (r) => {
      if (!r.headers.get("upgrade")) return new Response("ok");
      const protocol = r.headers.get("sec-websocket-protocol");
      const { socket, response } = Deno.upgradeWebSocket(r, { idleTimeout: 0, ...(protocol && { protocol }) });
      ${onSocket}
      return response; })`;
  return withServer((port) => ["eval", program(port)], run);
}
