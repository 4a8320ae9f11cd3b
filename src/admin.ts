import { Hono } from "hono";
import type { Session } from "../actors/session.ts";
import { openSql } from "../db/sql.ts";
import { CONSOLE_DIST, type ConsoleState } from "../console/build.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
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

export type AdminOptions = {
  services: Services;
  config: Config;
  databaseUrl: string;
  clock: Clock;
  consistency: Consistency;
  pushDeps: PushDeps;
  /** How far the console's build is. */
  consoleState: () => ConsoleState;
  failed: (error: unknown) => void;
};

/** The operators' side: admin API and console. */
export type Admin = { app: Hono; accounts: Accounts; sampleConnections: () => Promise<void>; close(): Promise<void> };

/** Connections of the console's queries: a long list must not stand before a delivery. */
const CONNECTIONS = 2;

export function openAdmin(options: AdminOptions): Admin {
  const { services, config, clock, consistency, failed } = options;
  const sql = openSql(options.databaseUrl, { max: CONNECTIONS });
  const stores = postgresAdminStores(sql);
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
      live: live(options),
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
    close: () => sql.end({ timeout: 5 }),
  };
}

/** What only this process knows. */
function live({ services, pushDeps }: AdminOptions): Live {
  const { registry, catalog, node } = services;
  const isOf = (instanceNo: number, owner: SessionOwner) => (session: Session) =>
    session.instance.no === instanceNo &&
    ("userId" in owner ? session.bound?.userId === owner.userId : session.deviceId === owner.deviceId);
  return {
    nodeId: node,
    async push(instanceId, body) {
      const instance = catalog.instance(instanceId);
      if (!instance) return refuse("INSTANCE_NOT_FOUND", `There is no instance ${instanceId}`);
      const config = typeof body.bizType === "string" ? catalog.config(instance.no, body.bizType) : undefined;
      const endpoint = config?.scope === "global" ? "global" : "single";
      const request = checkPush(body, endpoint);
      return "success" in request ? request : await push(pushDeps, instance, endpoint, request);
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
