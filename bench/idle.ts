/**
 * Idle bound users: memory each, and how long a storm of connects takes; beside bare Deno sockets in the same run.
 *
 *     deno task bench:idle [users]
 */
import { withSocketServer } from "./support/bare_server.ts";
import { startProduct } from "./support/product.ts";
import { helloOf, residentBytes, ThinClient } from "./support/thin_client.ts";

const users = Number(Deno.args[0] ?? 8_000);
const AT_ONCE = 256;

const hello = (n: number) => helloOf(n, { foreground: true });

const bare = await bareSockets();
report("bare Deno socket", bare);
const product = await syncline();
report("idle bound user", product);
console.log(`\nconnect storm: ${(product.ms / bare.ms).toFixed(1)} times the bare accept time`);

type Result = { ms: number; bytesEach: number };

async function syncline(): Promise<Result> {
  await using server = await startProduct({ HOST: "0.0.0.0" });
  return await storm(server.port, "/sync", server.pid, hello);
}

function bareSockets(): Promise<Result> {
  const onSocket = `socket.onmessage = () => socket.send("welcome");`;
  return withSocketServer({ onSocket }, ({ port, pid }) => storm(port, "/", pid, hello));
}

async function storm(port: number, path: string, pid: number, first: (n: number) => string): Promise<Result> {
  const before = residentBytes(pid);
  const clients: ThinClient[] = [];
  const start = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < users) clients.push(await ThinClient.open(port, path, first(next++)));
  }));
  const ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const bytesEach = (residentBytes(pid) - before) / users;
  for (const client of clients) client[Symbol.dispose]();
  return { ms, bytesEach };
}

function report(name: string, { ms, bytesEach }: Result): void {
  console.log(`${name.padEnd(20)} ${users} in ${(ms / 1000).toFixed(1)} s, ${(bytesEach / 1024).toFixed(1)} KB each`);
}
