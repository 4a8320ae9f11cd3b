import { readConfig } from "../../src/config.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { PushAnswer } from "../../src/result_codes.ts";
import { startServer as start } from "../../src/server.ts";
import type { Services } from "../../src/services.ts";
import { type TestDatabase, testDatabase } from "./database.ts";

export type TestServerOptions = {
  /** Variables of OPS-1 beside those of a demo server on a free port. */
  env?: Record<string, string>;
  clock?: Clock;
  /** An existing database, to run a second server on it; it is not dropped at the end. */
  databaseUrl?: string;
  /** The test provokes errors: they are not printed. */
  quiet?: boolean;
};

/** A real server in this process, on a database of its own, with the demo instance. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** `http://…`, without a slash at the end. */
  readonly url: string;
  /** `ws://…/sync`. */
  readonly syncUrl: string;
  readonly databaseUrl: string;
  readonly services: Services;
  /** Bearer token of the admin API. */
  readonly adminToken: string;
  /** POSTs a push of `default_demo`; fields that are not given are those of a chat message for `u-1`. */
  push(fields?: Record<string, unknown>): Promise<PushAnswer>;
  pushGlobal(fields?: Record<string, unknown>): Promise<PushAnswer>;
  /** Calls the admin API with the bearer token. */
  admin(method: string, path: string, body?: unknown): Promise<Response>;
  /** Stops it, as on SIGTERM, and starts it again on the same database and port. */
  restart(): Promise<void>;
}

export const ADMIN_TOKEN = "test-admin-token";

export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database: TestDatabase | undefined = options.databaseUrl === undefined ? await testDatabase() : undefined;
  const databaseUrl = options.databaseUrl ?? database!.url;
  const launch = (port: number) =>
    start({
      config: readConfig({ PORT: String(port), DEMO: "1", ADMIN_TOKEN, POSTGRES_CONNECTIONS: "5", ...options.env }),
      databaseUrl,
      clock: options.clock ?? systemClock,
      log: (level, message, fields) => {
        if ((level === "error" && !options.quiet) || Deno.env.get("TEST_LOG")) console.error(level, message, fields);
      },
    });
  let running = await launch(0);
  const port = running.port;
  const url = `http://127.0.0.1:${port}`;
  const post = async (path: string, body: Record<string, unknown>): Promise<PushAnswer> => {
    const response = await fetch(`${url}${path}?instanceId=default_demo`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    return await response.json();
  };
  return {
    port,
    url,
    syncUrl: `ws://127.0.0.1:${port}/sync`,
    databaseUrl,
    adminToken: ADMIN_TOKEN,
    get services() {
      return running.services;
    },
    push: (fields = {}) =>
      post("/webapi/sync/single", {
        bizType: "UCHAT",
        linkToken: "u-1",
        thirdMsgId: crypto.randomUUID(),
        payload: "hello",
        ...fields,
      }),
    pushGlobal: (fields = {}) =>
      post("/webapi/sync/global", {
        bizType: "GLOBAL-SDK-CONFIG",
        thirdMsgId: crypto.randomUUID(),
        payload: "settings",
        ...fields,
      }),
    admin: (method, path, body) =>
      fetch(`${url}${path}`, {
        method,
        headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, "Content-Type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async restart() {
      await running.stop();
      running = await launch(port);
    },
    async [Symbol.asyncDispose]() {
      await running.stop();
      await database?.[Symbol.asyncDispose]();
    },
  };
}
