/** The composition root: the only reader of the environment and of the process's signals. */
import { type EmbeddedPostgres, startEmbedded, StartError } from "../db/embedded.ts";
import { SecretKeyError } from "../db/secret_box.ts";
import { ensureConsoleBuilt } from "../console/build.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { surviveLostConnections } from "./driver_guard.ts";
import { configureLogging, getLogger } from "./log.ts";
import { type RunningServer, startServer, TlsFileError } from "./server.ts";

/** The whole way down may take so long, ms, also from within a start (OPS-3). */
const STOP_MS = 28_000;

async function main(): Promise<void> {
  // from the very beginning: a start that is told to end must not leave its Postgres behind
  const told = stopSignal();
  const config = readConfig(Deno.env.toObject());
  configureLogging(config.logLevel);
  const logger = getLogger("server");
  const log = (level: "debug" | "info" | "warning" | "error", message: string, fields: object = {}) =>
    logger[level](message, fields as Record<string, unknown>);
  surviveLostConnections(log);
  let waitingFor = "the start";
  void told.then(() =>
    setTimeout(() => {
      log("error", "the drain is cut short", { waitingFor });
      Deno.exit(1);
    }, STOP_MS)
  );
  let embedded: EmbeddedPostgres | undefined;
  if (config.databaseUrl === undefined) {
    embedded = await startEmbedded({
      dataDir: config.dataDir,
      cacheMb: config.postgresCacheMb,
      log: (message, fields) => log("info", message, fields),
    });
  }
  await using build = ensureConsoleBuilt((message) => log("info", message));
  let server: RunningServer | undefined;
  try {
    const databaseUrl = config.databaseUrl ?? embedded!.url;
    const dataDir = embedded && config.dataDir;
    const start = startServer({ config, databaseUrl, dataDir, log, consoleState: build.state });
    // it may wait for a database of others for as long as that likes, and leaves nothing behind
    server = await (embedded ? start : Promise.race([start, told.then(() => undefined)]));
    if (!server) return;
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
  greet(config, server);
  await told;
  log("info", "stopping");
  await server.stop((step) => waitingFor = step);
  waitingFor = "the embedded Postgres";
  await embedded?.stop();
  log("info", "stopped");
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, () => resolve());
  });
}

/** What to try next, for somebody who starts it for the first time. */
function greet({ host, demo, tls }: Config, { port, internalPort, firstAdmin }: RunningServer): void {
  const ws = tls ? "wss" : "ws";
  const http = tls && internalPort === port ? "https" : "http";
  const name = host === "0.0.0.0" ? "127.0.0.1" : host;
  const lines = [`Syncline listens on ${ws}://${name}:${port}/sync, its APIs on ${http}://${name}:${internalPort}`];
  if (demo) {
    lines.push(
      "Try:  deno task demo",
      `      curl '${http}://${name}:${internalPort}/webapi/sync/single?instanceId=default_demo' \\`,
      `        -d '{"bizType":"UCHAT","linkToken":"u-1","thirdMsgId":"'$(date +%s)'","payload":"hello"}'`,
    );
  }
  lines.push(`Console: ${http}://${name}:${internalPort}/console`);
  if (firstAdmin) {
    lines.push(
      `         log in as ${firstAdmin.login} with the one-time password ${firstAdmin.password} (shown only now)`,
    );
  }
  lines.push("Stop with Ctrl-C");
  console.log(lines.join("\n"));
}

/** Problems that an operator can mend get one sentence, all others their stack. */
function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartError) return error.message;
  if (error instanceof Deno.errors.AddrInUse) return "Cannot start: the port is in use. Set PORT to another one.";
  if (error instanceof TlsFileError || error instanceof SecretKeyError) return error.message;
  const code = (error as { code?: string }).code ?? "";
  if (/^(ECONNREFUSED|ENOTFOUND|CONNECT_TIMEOUT|28P01|28000|3D000)$/.test(code)) {
    return `Cannot start: the database of DATABASE_URL does not answer (${code}).`;
  }
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

if (import.meta.main) {
  try {
    await main();
    Deno.exit(0);
  } catch (error) {
    console.error(explain(error));
    Deno.exit(1);
  }
}
