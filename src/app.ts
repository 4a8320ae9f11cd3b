import { Hono, type MiddlewareHandler } from "hono";
import { type Bodies, BODY_MS, MAX_BODY_BYTES } from "./body.ts";
import { addressOf } from "./routes/address.ts";
import { pushHandler, type PushRouteDeps } from "./routes/push.ts";
import type { SyncServer } from "./routes/sync.ts";

export type AppDeps = {
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
  client.get("/sync", (c) => deps.sync.upgrade(c.req.raw, addressOf(c)));
  health(client, deps);

  const internal = new Hono();
  internal.get("/metrics", async (c) => {
    return c.body(await deps.metrics.text(), 200, { "Content-Type": deps.metrics.contentType });
  });
  health(internal, deps);
  internal.use("/api/*", wholeBody(deps.push.bodies));
  internal.route("/", deps.admin);
  internal.get("/", (c) => c.redirect("/console"));
  const both = new Hono();
  both.route("/", client);
  both.route("/", internal);
  const push = pushHandler(deps.push);
  const withPush = (app: Hono): Handler => (request, info) => push(request) ?? app.fetch(request, info);
  return { client: client.fetch, internal: withPush(internal), both: withPush(both) };
}

const CHANGING = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Hands on requests whose body is there; the others get the admin API's own form of an error. */
function wholeBody(bodies: Bodies): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.raw.body === null || !CHANGING.has(c.req.method)) return await next();
    const body = await bodies.read(c.req.raw);
    if (body === "long") {
      return c.json({ code: "BODY_TOO_LARGE", message: `The body must be at most ${MAX_BODY_BYTES} bytes` }, 413);
    }
    if (typeof body === "string") {
      return c.json({ code: "ARGS_ILLEGAL", message: `The body must arrive whole within ${BODY_MS / 1000} s` }, 400);
    }
    const { url, method, headers } = c.req.raw;
    c.req.raw = new Request(url, { method, headers, body });
    await next();
  };
}

function health(app: Hono, { notReady }: AppDeps): void {
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", async (c) => {
    const reason = await notReady();
    return reason === null ? c.text("ready\n") : c.text(`not ready: ${reason}\n`, 503);
  });
}
