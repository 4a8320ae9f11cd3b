import { createRoute, type z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Caller } from "../../accounts.ts";
import { addressOf } from "../address.ts";
import { Login, Me, PasswordChange } from "./account_schemas.ts";
import type { AdminDeps } from "./deps.ts";
import { type AdminEnv, newRoutes } from "./env.ts";
import { body, json, refusals } from "./schemas.ts";

const tags = ["Login"];

/** The console's cookie; its value is a random token whose hash the database keeps. */
export const SESSION_COOKIE = "syncline_session";

const loginRoute = createRoute({
  method: "post",
  path: "/api/session",
  tags,
  summary: "Log in; answers with the console's cookie",
  request: { body: body(Login) },
  responses: { 200: json(Me, "Logged in"), ...refusals },
});
const meRoute = createRoute({
  method: "get",
  path: "/api/session",
  tags,
  summary: "Who is logged in",
  responses: { 200: json(Me, "The caller"), ...refusals },
});
const logoutRoute = createRoute({
  method: "delete",
  path: "/api/session",
  tags,
  summary: "Log out",
  responses: { 204: { description: "The session is revoked" }, ...refusals },
});
const passwordRoute = createRoute({
  method: "post",
  path: "/api/session/password",
  tags,
  summary: "Choose another password; other sessions of the account end",
  request: { body: body(PasswordChange) },
  responses: { 204: { description: "It holds from now on" }, ...refusals },
});

/** The routes of the caller's own session (CON-1). */
export function sessionRoutes(deps: AdminDeps) {
  return newRoutes()
    .openapi(loginRoute, async (c) => {
      const replaces = getCookie(c, SESSION_COOKIE);
      const { token, lifetimeMs, caller } = await deps.accounts.login({
        ...c.req.valid("json"),
        address: addressOf(c, deps.proxies),
        replaces,
      });
      setCookie(c, SESSION_COOKIE, token, {
        path: "/",
        httpOnly: true,
        sameSite: "Strict",
        secure: isSecure(deps, c),
        maxAge: Math.floor(lifetimeMs / 1000),
      });
      return c.json(shown(caller), 200);
    })
    .openapi(meRoute, (c) => c.json(shown(c.get("caller")), 200))
    .openapi(logoutRoute, async (c) => {
      await deps.accounts.logout(c.get("caller"));
      deleteCookie(c, SESSION_COOKIE, { path: "/", secure: isSecure(deps, c) });
      return c.body(null, 204);
    })
    .openapi(passwordRoute, async (c) => {
      await deps.accounts.changePassword(c.get("caller"), c.req.valid("json"));
      return c.body(null, 204);
    });
}

function shown({ login, role, mustChangePassword, by }: Caller): z.infer<typeof Me> {
  return { login, role, mustChangePassword, by };
}

// A false X-Forwarded-Proto only keeps the liar's own cookie from being stored.
function isSecure(deps: AdminDeps, c: Context<AdminEnv>): boolean {
  return deps.tls || c.req.header("X-Forwarded-Proto") === "https";
}
