import type { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { Refused } from "../../../db/refused.ts";
import { type Bodies, BODY_MS, MAX_BODY_BYTES } from "../../body.ts";
import { configRoutes } from "./configs.ts";
import type { AdminDeps } from "./deps.ts";
import { type AdminEnv, newRoutes } from "./env.ts";
import { errorHandler } from "./errors.ts";
import { guard } from "./guard.ts";
import { instanceRoutes } from "./instances.ts";
import { describe } from "./openapi.ts";
import { operatorRoutes } from "./operators.ts";
import { pushRoutes } from "./pushes.ts";
import { recordRoutes } from "./records.ts";
import { secretRoutes } from "./secrets.ts";
import { sessionRoutes } from "./session.ts";
import { statsRoutes } from "./stats.ts";
import { statusRoutes } from "./status.ts";

/**
 * The admin API (OPS-5): `/api/instances`, `/api/session`, `/api/operators`, and `/openapi.json`. Mount it at the root:
 * `app.route("/", adminApp(deps))`.
 */
export function adminApp(deps: AdminDeps) {
  const app = newRoutes();
  app.onError(errorHandler(deps));
  app.use("/api/*", noNul, jsonOnly, wholeBody(deps.bodies), guard(deps));
  const routes = app
    .route("/", sessionRoutes(deps))
    .route("/", operatorRoutes(deps))
    .route("/", instanceRoutes(deps))
    .route("/", secretRoutes(deps))
    .route("/", configRoutes(deps))
    .route("/", pushRoutes(deps))
    .route("/", statusRoutes(deps))
    .route("/", recordRoutes(deps))
    .route("/", statsRoutes(deps));
  describe(routes as unknown as OpenAPIHono);
  return routes;
}

/** The admin API's type, for Hono's typed client: `hc<AdminApp>("/", { headers: { "X-Syncline-Console": "1" } })`. */
export type AdminApp = ReturnType<typeof adminApp>;

const CHANGING = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Hands on requests whose body is there whole. */
function wholeBody(bodies: Bodies): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    if (c.req.raw.body === null || !CHANGING.has(c.req.method)) return await next();
    const body = await bodies.read(c.req.raw);
    if (body === "long") throw new Refused("BODY_TOO_LARGE", `The body must be at most ${MAX_BODY_BYTES} bytes`);
    if (typeof body === "string") {
      throw new Refused("ARGS_ILLEGAL", `The body must arrive whole within ${BODY_MS / 1000} s`);
    }
    const { url, method } = c.req.raw;
    const headers = new Headers(c.req.raw.headers);
    headers.set("Content-Type", "application/json"); // in the one way that the routes know, if it is named at all
    c.req.raw = new Request(url, { method, headers, body });
    await next();
  };
}

/** Whatever a route asks the database for by the address: its texts can hold no NUL. */
const noNul: MiddlewareHandler<AdminEnv> = async (c, next) => {
  if (c.req.url.includes("%00")) throw new Refused("ARGS_ILLEGAL", "The address must not hold a NUL (%00)");
  await next();
};

const jsonOnly: MiddlewareHandler<AdminEnv> = async (c, next) => {
  const type = c.req.header("Content-Type");
  if (c.req.raw.body !== null && type !== undefined && !/^application\/json\b/i.test(type)) {
    throw new Refused("ARGS_ILLEGAL", "Content-Type must be application/json", "Content-Type");
  }
  await next();
};
