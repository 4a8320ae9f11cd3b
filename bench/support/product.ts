import { join } from "node:path";
import { type EmbeddedPostgres, startEmbedded } from "../../db/embedded.ts";

/** The server in a process of its own on a Postgres of its own; both end with it. */
export type Product = AsyncDisposable & { port: number; databaseUrl: string; pid: number; postgresPid: number };

/**
 * Starts the product as its users do, with durable commits.
 *
 * @param env variables besides what it takes to start.
 * @param postgres `keep`: the data folder, which stays; absent: a temporary one, which does not. `cacheMb`: its cache.
 */
export async function startProduct(
  env: Record<string, string> = {},
  { keep, cacheMb = 256 }: { keep?: string | undefined; cacheMb?: number } = {},
): Promise<Product> {
  const folder = keep ?? await Deno.makeTempDir({ prefix: "syncline-bench-" });
  const postgres: EmbeddedPostgres = await startEmbedded({ dataDir: folder, cacheMb, log: () => {} });
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("../../src/main.ts", import.meta.url).pathname],
    env: { DATABASE_URL: postgres.url, PORT: String(port), DEMO: "1", LOG_LEVEL: "warning", ...env },
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let ended = false;
  const exited = child.status.then(() => ended = true);
  const dispose = async () => {
    if (!ended) child.kill("SIGTERM");
    await exited;
    await postgres.stop();
    if (keep === undefined) await Deno.remove(folder, { recursive: true });
  };
  try {
    await ready(port, () => ended);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    port,
    databaseUrl: postgres.url,
    pid: child.pid,
    postgresPid: Number((await Deno.readTextFile(join(folder, "postgres/postmaster.pid"))).split("\n")[0]),
    [Symbol.asyncDispose]: dispose,
  };
}

export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

async function ready(port: number, ended: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline && !ended()) {
    const ok = await fetch(`http://127.0.0.1:${port}/readyz`).then(async (r) => {
      await r.body?.cancel();
      return r.ok;
    }, () => false);
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("Cannot measure: the server did not become ready");
}
