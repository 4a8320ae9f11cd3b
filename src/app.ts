import { Hono } from "hono";
import { addressOf } from "./routes/address.ts";
import { pushHandler, type PushRouteDeps } from "./routes/push.ts";
import type { SyncServer } from "./routes/sync.ts";
import type { TrustedProxies } from "./trusted_proxies.ts";

export type AppDeps = {
  /** Whose word about a caller's address is taken. */
  proxies: TrustedProxies;
  sync: SyncServer;
  push: PushRouteDeps;
  /** The admin API and the console. */
  admin: Hono;
  metrics: { text(): Promise<string>; contentType: string };
  /** Why the server is not ready, or null (OPS-2). */
  notReady: () => Promise<string | null>;
};

/**
 * The two faces of the server: `client` for apps, `internal` for business systems and operators (OPS-1); `both` where
 * there is no INTERNAL_PORT.
 */
export type Apps = { client: Handler; internal: Handler; both: Handler };
type Handler = (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;

export function createApps(deps: AppDeps): Apps {
  const client = new Hono();
  client.get("/sync", (c) => deps.sync.upgrade(c.req.raw, addressOf(c, deps.proxies)));
  health(client, deps);

  const internal = new Hono();
  internal.get("/metrics", async (c) => {
    return c.body(await deps.metrics.text(), 200, { "Content-Type": deps.metrics.contentType });
  });
  health(internal, deps);
  internal.route("/", deps.admin);
  internal.get("/", (c) => c.redirect("/console"));
  const both = new Hono();
  both.route("/", client);
  both.route("/", internal);
  const push = pushHandler(deps.push);
  const withPush = (app: Hono): Handler => (request, info) => push(request) ?? app.fetch(request, info);
  return { client: client.fetch, internal: withPush(internal), both: withPush(both) };
}

function health(app: Hono, { notReady }: AppDeps): void {
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", async (c) => {
    const reason = await notReady();
    return reason === null ? c.text("ready\n") : c.text(`not ready: ${reason}\n`, 503);
  });
}
