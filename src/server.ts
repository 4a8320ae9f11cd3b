import { Hono } from "hono";
import { delay } from "es-toolkit/promise";
import type { Log } from "../actors/runtime.ts";
import { postgresNonces } from "../db/nonces_postgres.ts";
import { migrate } from "../db/migrate.ts";
import { postgresCatalog } from "../db/catalog_postgres.ts";
import { createApps, merge } from "./app.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { seedDemo } from "./demo.ts";
import { createNonces } from "./nonces.ts";
import { RateLimit } from "./rate_limit.ts";
import { SyncServer } from "./routes/sync.ts";
import { openServices, type Services } from "./services.ts";
import { createSignatures } from "./signature.ts";

export type ServerOptions = {
  config: Config;
  databaseUrl: string;
  /** @default the machine's clock */
  clock?: Clock;
  log: Log;
};

/** A listening server. */
export interface RunningServer {
  /** Where clients connect, and without INTERNAL_PORT everybody else. */
  readonly port: number;
  readonly internalPort: number;
  readonly services: Services;
  /** Drains and stops (OPS-3); the database may be stopped when it resolves. */
  stop(): Promise<void>;
}

/** How long requests under way may take to finish, ms. */
const FINISH_MS = 10_000;
/** Clients of a drained server come back at this rate a second (OPS-3). */
const RETURN_RATE = 4_000;

/** Migrates, opens everything and listens. @throws one-sentence errors for what an operator can mend */
export async function startServer(
  { config, databaseUrl, clock = systemClock, log }: ServerOptions,
): Promise<RunningServer> {
  await migrate(databaseUrl);
  const failed = (error: unknown) => log("error", "request failed", { error: String(error) });
  const services = await openServices({ config, databaseUrl, clock, log, validator: () => NOBODY });
  const { catalog, registry, appends, metrics, sql } = services;
  if (config.demo && await seedDemo(postgresCatalog(sql), clock.now())) await catalog.refresh();

  let draining = false;
  const nonces = createNonces({ store: postgresNonces(sql), clock, onError: failed });
  const signatures = createSignatures({ nonces });
  const sync = new SyncServer({
    catalog,
    registry,
    signatures,
    clock,
    heartbeatMs: config.heartbeatMs,
    helloTimeoutMs: config.helloTimeoutMs,
    maxConnections: config.maxConnections,
    draining: () => draining ? 1_000 + Math.random() * 4_000 : null,
    failed,
  });
  const apps = createApps({
    sync,
    push: {
      catalog,
      append: (op) => appends.append(op),
      bus: registry,
      clock,
      metrics,
      failed,
      signatures,
      rateLimit: new RateLimit(config.rateLimitPerSecond),
      draining: () => draining,
      received: () => metrics.received(),
    },
    admin: new Hono(),
    metrics,
    async notReady() {
      if (draining) return "the server is stopping";
      const answered = await Promise.race([
        sql`select 1`.then(() => true, () => false),
        delay(2_000).then(() => false),
      ]);
      return answered ? null : "the database does not answer";
    },
  });

  const servers = listen(config, apps.client, apps.internal, merge(apps));
  return {
    port: portOf(servers[0]!),
    internalPort: portOf(servers.at(-1)!),
    services,
    async stop() {
      draining = true;
      await appends.drained();
      const spread = Math.max(1_000, sync.size / RETURN_RATE * 1_000);
      await sync.closeAll(() => Math.round(200 + Math.random() * spread), () => delay(10));
      await Promise.race([Promise.all(servers.map((server) => server.shutdown())), delay(FINISH_MS)]);
      sync[Symbol.dispose]();
      nonces[Symbol.dispose]();
      await services.close();
    },
  };
}

const NOBODY = {
  asks: () => false,
  validate: () => Promise.resolve("unknown" as const),
  retryDelay: () => 1_000,
};

type Listening = Deno.HttpServer<Deno.NetAddr>;

function listen(config: Config, client: Hono, internal: Hono, all: Hono): Listening[] {
  const { host: hostname, port, internalPort, tls } = config;
  const options = { hostname, onListen: () => {}, ...(tls ? readTls(tls) : {}) };
  if (internalPort === undefined) return [Deno.serve({ ...options, port }, all.fetch)];
  const outer = Deno.serve({ ...options, port }, client.fetch);
  return [outer, Deno.serve({ hostname, onListen: () => {}, port: internalPort }, internal.fetch)];
}

function readTls({ certFile, keyFile }: { certFile: string; keyFile: string }): { cert: string; key: string } {
  return { cert: Deno.readTextFileSync(certFile), key: Deno.readTextFileSync(keyFile) };
}

const portOf = (server: Listening) => server.addr.port;
