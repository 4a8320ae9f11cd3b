import { Hono } from "hono";
import type { Session } from "../actors/session.ts";
import type { NewOp } from "../db/oplog.ts";
import type { Records } from "../db/records.ts";
import type { RecordedAppends } from "../db/recorded_appends.ts";
import { postgresRecordedAppends } from "../db/recorded_appends_postgres.ts";
import type { SecretBox } from "../db/secret_box.ts";
import { openSql } from "../db/sql.ts";
import { CONSOLE_DIST, type ConsoleState } from "../console/build.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import type { Bodies } from "./body.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Consistency } from "./consistency.ts";
import { createLoginThrottle } from "./login_throttle.ts";
import { createPasswords } from "./passwords.ts";
import { push, type PushDeps } from "./push.ts";
import { checkPush } from "./push_request.ts";
import type { PushAnswer } from "./result_codes.ts";
import { adminApp } from "./routes/admin/app.ts";
import type { Live, SessionInfo, SessionOwner } from "./routes/admin/deps.ts";
import { postgresAdminStores } from "./routes/admin/stores.ts";
import { consoleRoutes } from "./routes/console.ts";
import type { Services } from "./services.ts";
import type { TrustedProxies } from "./trusted_proxies.ts";

export type AdminOptions = {
  services: Services;
  config: Config;
  databaseUrl: string;
  /** How secrets lie in the database. */
  secrets: SecretBox;
  clock: Clock;
  consistency: Consistency;
  pushDeps: PushDeps;
  bodies: Bodies;
  /** Whose word about a caller's address is taken. */
  proxies: TrustedProxies;
  /** Whether new pushes are refused because the server is stopping (OPS-3). */
  draining: () => boolean;
  /** How far the console's build is. */
  consoleState: () => ConsoleState;
  failed: (error: unknown) => void;
};

/** The operators' side: admin API and console. */
export type Admin = { app: Hono; accounts: Accounts; sampleConnections: () => Promise<void>; close(): Promise<void> };

/** Connections of the console's changes and logins. */
const CONNECTIONS = 2;
/** Connections of the console's lists, and of deletions: a long one must stand neither before a delivery nor before an emergency stop. */
const LIST_CONNECTIONS = 2;
/** Connections on which operators' pushes are stored. */
const SEND_CONNECTIONS = 1;

export function openAdmin(options: AdminOptions): Admin {
  const { services, config, clock, consistency, failed } = options;
  const sql = openSql(options.databaseUrl, { max: CONNECTIONS });
  const lists = openSql(options.databaseUrl, { max: LIST_CONNECTIONS });
  const sendSql = openSql(options.databaseUrl, { max: SEND_CONNECTIONS });
  const stores = postgresAdminStores(sql, { lists, secrets: options.secrets });
  const sends = { appends: postgresRecordedAppends(sendSql), records: stores.records };
  const adminToken = config.adminToken ?? null;
  const accounts = createAccounts({
    operators: stores.operators,
    passwords: createPasswords(),
    throttle: createLoginThrottle(clock),
    clock,
    adminToken,
  });
  const app = new Hono();
  app.route(
    "/",
    adminApp({
      ...stores,
      catalog: services.catalog,
      accounts,
      bodies: options.bodies,
      proxies: options.proxies,
      live: live(options, sends),
      tryValidation: (instance, url, who) => consistency.tryUrl(instance, url, who),
      publicAddress: { host: config.publicHost, port: config.publicPort },
      clock,
      tls: config.tls !== undefined,
      onError: failed,
    }),
  );
  app.route("/", consoleRoutes({ dist: CONSOLE_DIST, state: options.consoleState }));
  return {
    app,
    accounts,
    sampleConnections: () => stores.stats.sampleConnections(clock.now()),
    close: async () => void await Promise.all([sql, lists, sendSql].map((pool) => pool.end({ timeout: 5 }))),
  };
}

/** What only this process knows. */
function live(
  { services, pushDeps, draining }: AdminOptions,
  { appends, records }: { appends: RecordedAppends; records: Records },
): Live {
  const { registry, catalog, node } = services;
  const isOf = (instanceNo: number, owner: SessionOwner) => (session: Session) =>
    session.instance.no === instanceNo &&
    ("userId" in owner ? session.bound?.userId === owner.userId : session.deviceId === owner.deviceId);
  return {
    nodeId: node,
    async push(instanceId, body, { actor, record }) {
      if (draining()) return refuse("SYSTEM_BUSY", "The server is stopping: come back in a moment");
      const instance = catalog.instance(instanceId);
      if (!instance) return refuse("INSTANCE_NOT_FOUND", `There is no instance ${instanceId}`);
      const config = typeof body.bizType === "string" ? catalog.config(instance.no, body.bizType) : undefined;
      const endpoint = config?.scope === "global" ? "global" : "single";
      const request = checkPush(body, endpoint);
      if ("success" in request) return request;
      const append = (op: NewOp) => appends.append(op, actor, record);
      const beforeVolatile = () => records.write(actor, record);
      return await push({ ...pushDeps, append, beforeVolatile }, instance, endpoint, request);
    },
    sessions: (instanceNo, owner) => [...registry.sessions()].filter(isOf(instanceNo, owner)).map(infoOf),
    kick: async (instanceNo, owner) =>
      registry.kick(isOf(instanceNo, owner)) + await services.sessions.kickElsewhere(instanceNo, owner),
  };
}

function infoOf(session: Session): SessionInfo {
  return {
    deviceId: session.deviceId,
    userId: session.bound?.userId ?? null,
    os: session.hello.os ?? null,
    appVersion: session.hello.appVersion ?? null,
    foreground: session.foreground,
    connectedAt: session.connectedAt,
    consistency: session.bound?.actor.verdict(session.connection.id) ?? null,
  };
}

const refuse = (msg: PushAnswer["msg"], detail: string): PushAnswer => ({ success: false, msg, detail });
