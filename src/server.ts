import { delay } from "es-toolkit/promise";
import type { Log } from "../actors/runtime.ts";
import type { NewOp } from "../db/oplog.ts";
import { postgresNonces } from "../db/nonces_postgres.ts";
import { migrate } from "../db/migrate.ts";
import { postgresCatalog } from "../db/catalog_postgres.ts";
import type { ConsoleState } from "../console/build.ts";
import { createAddressGuard } from "./address_guard.ts";
import { type Admin, openAdmin } from "./admin.ts";
import { AddressLimits } from "./address_limits.ts";
import { type Apps, createApps } from "./app.ts";
import { Bodies } from "./body.ts";
import { type Clock, countTimers, systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { createConsistency } from "./consistency.ts";
import { seedDemo } from "./demo.ts";
import { listen, type Listening, type ListenOptions } from "./listen.ts";
import { getLogger } from "./log.ts";
import { watchMemory } from "./memory_watch.ts";
import { createNonces } from "./nonces.ts";
import { RateLimit } from "./rate_limit.ts";
import { SyncServer } from "./routes/sync.ts";
import { openServices, type Services } from "./services.ts";
import { openSecrets } from "./secrets_at_rest.ts";
import { createSignatures } from "./signature.ts";
import { Tracing } from "./tracing.ts";
import { TrustedProxies } from "./trusted_proxies.ts";

export type ServerOptions = {
  config: Config;
  databaseUrl: string;
  /** Folder of the embedded database, which may hold a key of its own for secrets; absent for any other one. */
  dataDir?: string | undefined;
  /** @default the machine's clock */
  clock?: Clock;
  log: Log;
  /** How far the console's build is. @default () => "ready" */
  consoleState?: () => ConsoleState;
};

/** A listening server. */
export interface RunningServer {
  /** Where clients connect, and without INTERNAL_PORT everybody else. */
  readonly port: number;
  readonly internalPort: number;
  readonly services: Services;
  /** The first admin and the one-time password, made on a database without operators (CON-1). */
  readonly firstAdmin: { login: string; password: string } | undefined;
  /**
   * Drains and stops (OPS-3); the database may be stopped when it resolves.
   *
   * @param tell told of each step when it begins: what is waited for
   */
  stop(tell?: (step: string) => void): Promise<void>;
}

/** How long requests under way may take to finish, ms. */
const FINISH_MS = 4_000;
/** How long clients may take to hear the farewell, ms. */
const FAREWELL_MS = 6_000;
/** Clients of a drained server come back at this rate a second (OPS-3). */
const RETURN_RATE = 4_000;

/** How often connections are counted for the console's pictures, ms (STA-2). */
const SAMPLE_MS = 60_000;

/** Migrates, opens everything and listens. @throws one-sentence errors for what an operator can mend */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, databaseUrl, log, consoleState = () => "ready" } = options;
  const clock = countTimers(options.clock ?? systemClock);
  const tracing = config.tracing ? new Tracing() : undefined;
  await migrate(databaseUrl);
  const failed = (error: unknown) => log("error", "request failed", { error: String(error) });
  const guard = createAddressGuard({ networks: config.validateUrlNetworks });
  const consistency = createConsistency({ clock, log: getLogger("consistency"), guard });
  const secrets = await openSecrets({ config, databaseUrl, dataDir: options.dataDir, log });
  const validator = () => consistency;
  const services = await openServices({ config, databaseUrl, secrets, clock, log, tracing, validator });
  const { catalog, registry, appends, metrics, sql } = services;
  if (config.demo && await seedDemo(postgresCatalog(sql, { secrets }), clock.now())) await catalog.refresh();

  let draining = false;
  const nonces = createNonces({ store: postgresNonces(sql), clock, onError: failed });
  const signatures = createSignatures({ nonces });
  const { heartbeatMs, helloTimeoutMs, maxConnections } = config;
  const hint = () => draining ? Math.round(1_000 + Math.random() * 4_000) : null;
  const addresses = new AddressLimits(config.addressLimits);
  const limits = { heartbeatMs, helloTimeoutMs, maxConnections, addresses };
  const told = { failed, closed: (code: number) => metrics.closed(code), acked: tracing?.acked.bind(tracing) };
  const sync = new SyncServer({ catalog, registry, signatures, clock, ...limits, draining: hint, ...told });
  const memory = watchMemory({
    clock,
    limit: config.unfinishedBytes,
    connections: () => sync.size,
    exceeded: () => {
      log("warning", "memory grows: all clients are asked for a sign of life", { connections: sync.size });
      sync.probeSilent();
    },
  });
  const append = (op: NewOp) => appends.append(op);
  const path = { append, bus: registry };
  const pushDeps = { catalog, ...(tracing ? tracing.wrap(path) : path), clock, metrics, failed };
  const isDraining = () => draining;
  const bodies = new Bodies(clock);
  const proxies = new TrustedProxies(config.trustedProxies);
  const operators = { secrets, bodies, proxies, consoleState, draining: isDraining };
  const admin = openAdmin({ services, config, databaseUrl, clock, consistency, pushDeps, ...operators, failed });
  const rateLimit = new RateLimit(config.rateLimitPerSecond);
  const counts = { received: () => metrics.received(), refused: (code: string) => metrics.refused(code) };
  const overloaded = (instanceId: string) => appends.refuses(catalog.instance(instanceId)?.no ?? 0);
  const push = { ...pushDeps, ...counts, signatures, rateLimit, bodies, draining: isDraining, overloaded };
  const notReady = async () => {
    if (draining) return "the server is stopping";
    const answered = await Promise.race([sql`select 1`.then(() => true, () => false), delay(2_000).then(() => false)]);
    return answered ? null : "the database does not answer";
  };
  const apps = createApps({ proxies, sync, push, admin: admin.app, metrics, notReady });
  const firstAdmin = await admin.accounts.createFirst();
  const stopSampling = sample(admin, clock, failed);
  const servers = listenAll(config, apps, { clock, log });
  return {
    port: servers[0]!.port,
    internalPort: servers.at(-1)!.port,
    services,
    firstAdmin,
    async stop(tell = () => {}) {
      draining = true;
      stopSampling();
      tell("pushes under way");
      await appends.drained();
      tell("clients to hear the farewell");
      const spread = Math.max(1_000, sync.size / RETURN_RATE * 1_000);
      // the server's own shutdown would close what is open without a hint
      const told = sync.closeAll(() => Math.round(200 + Math.random() * spread), () => delay(10));
      await Promise.race([told, delay(FAREWELL_MS)]);
      tell("requests under way");
      await Promise.race([Promise.all(servers.map((server) => server.shutdown())), delay(FINISH_MS)]);
      sync[Symbol.dispose]();
      nonces[Symbol.dispose]();
      bodies[Symbol.dispose]();
      memory[Symbol.dispose]();
      tell("the admin API");
      await admin.close();
      await services.close(tell);
    },
  };
}

function sample(admin: Admin, clock: Clock, failed: (error: unknown) => void): () => void {
  let cancel = () => {};
  let stopped = false;
  const next = () => {
    if (stopped) return;
    cancel = clock.after(SAMPLE_MS, () => {
      admin.sampleConnections().catch((error) => {
        if (!stopped) failed(error);
      }).finally(next);
    });
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}

function listenAll(config: Config, apps: Apps, given: Pick<ListenOptions, "clock" | "log">): Listening[] {
  const { host: hostname, port, internalPort } = config;
  const outer = { ...given, hostname, port, tls: config.tls && readTls(config.tls) };
  if (internalPort === undefined) return [listen({ ...outer, handler: apps.both })];
  const client = listen({ ...outer, handler: apps.client });
  return [client, listen({ ...given, hostname, port: internalPort, handler: apps.internal })];
}

/** A file that TLS_CERT_FILE or TLS_KEY_FILE names cannot be read. */
export class TlsFileError extends Error {
  override name = "TlsFileError";
}

function readTls({ certFile, keyFile }: { certFile: string; keyFile: string }): { cert: string; key: string } {
  const read = (variable: string, file: string) => {
    try {
      return Deno.readTextFileSync(file);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TlsFileError(`Cannot start: ${variable} names a file that cannot be read: ${reason}`);
    }
  };
  return { cert: read("TLS_CERT_FILE", certFile), key: read("TLS_KEY_FILE", keyFile) };
}
