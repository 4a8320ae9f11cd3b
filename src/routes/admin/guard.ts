import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { matchedRoutes } from "hono/route";
import { isBearer } from "../../accounts.ts";
import { ROLES } from "../../../db/operators.ts";
import { Refused } from "../../../db/refused.ts";
import { ACCESS } from "./access.ts";
import type { AdminDeps } from "./deps.ts";
import type { AdminEnv } from "./env.ts";
import { SESSION_COOKIE } from "./session.ts";

/** The console sends this header with every change: a foreign page cannot, without asking first (CSRF). */
export const CONSOLE_HEADER = "X-Syncline-Console";

const READING = new Set(["GET", "HEAD"]);

/** Lets through whom the table allows; everything else is refused, routes without a line in the table included. */
export function guard(deps: AdminDeps): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const access = ACCESS[routeOf(c)];
    if (access === undefined) throw new Refused("NOT_FOUND", "There is no such route");
    const authorization = c.req.header("Authorization");
    if (!READING.has(c.req.method) && !isBearer(authorization)) refuseCrossSite(c);
    c.header("Cache-Control", "no-store");
    if (access === "anyone") return await next();
    const caller = await deps.accounts.identify({ authorization, sessionToken: getCookie(c, SESSION_COOKIE) });
    if (caller === undefined) throw new Refused("UNAUTHENTICATED", "Log in first, or bring a valid bearer token");
    if (caller.mustChangePassword && access !== "self") {
      throw new Refused("PASSWORD_CHANGE_REQUIRED", "Choose another password first");
    }
    if (access !== "self" && ROLES.indexOf(caller.role) < ROLES.indexOf(access)) {
      throw new Refused("FORBIDDEN", `This needs the role ${access}; ${caller.login} has the role ${caller.role}`);
    }
    c.set("caller", caller);
    await next();
  };
}

/** The route that answers, as the table names it: middleware stands under `ALL`. */
function routeOf(c: Context): string {
  const method = c.req.method === "HEAD" ? "GET" : c.req.method;
  const route = matchedRoutes(c).findLast((candidate) => candidate.method === method);
  return `${method} ${route?.path}`;
}

/**
 * A change that rides on a cookie must come from our own page: by the browser's own word where it gives one, else by
 * the origin, and always with a header that other origins cannot add.
 */
function refuseCrossSite(c: Context): void {
  const site = c.req.header("Sec-Fetch-Site");
  const origin = c.req.header("Origin");
  const own = site !== undefined
    ? site === "same-origin"
    : origin === undefined || (URL.canParse(origin) && new URL(origin).host === c.req.header("Host"));
  if (own && c.req.header(CONSOLE_HEADER) !== undefined) return;
  throw new Refused("CROSS_SITE", `This must come from the console's own page, with the header ${CONSOLE_HEADER}: 1`);
}
