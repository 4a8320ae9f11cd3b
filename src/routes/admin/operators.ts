import { createRoute, z } from "@hono/zod-openapi";
import {
  NewOperator,
  OneTimePassword,
  Operator,
  OperatorPage,
  OperatorParam,
  OperatorPatch,
} from "./account_schemas.ts";
import { readCursor, Word, writeCursor } from "./cursor.ts";
import type { AdminDeps } from "./deps.ts";
import { actorOf, newRoutes } from "./env.ts";
import { body, json, pageQuery, refusals } from "./schemas.ts";

const tags = ["Operators"];

const listRoute = createRoute({
  method: "get",
  path: "/api/operators",
  tags,
  summary: "List operators",
  request: { query: z.object(pageQuery) },
  responses: { 200: json(OperatorPage, "By login"), ...refusals },
});
const createOperatorRoute = createRoute({
  method: "post",
  path: "/api/operators",
  tags,
  summary: "Create an operator; answers with a one-time password",
  request: { body: body(NewOperator) },
  responses: { 201: json(OneTimePassword, "The operator and its one-time password"), ...refusals },
});
const patchRoute = createRoute({
  method: "patch",
  path: "/api/operators/{id}",
  tags,
  summary: "Change the role, disable or enable",
  request: { params: OperatorParam, body: body(OperatorPatch) },
  responses: { 200: json(Operator, "The operator as it is now"), ...refusals },
});
const resetRoute = createRoute({
  method: "post",
  path: "/api/operators/{id}/password",
  tags,
  summary: "Reset the password; all sessions of the account end",
  request: { params: OperatorParam },
  responses: { 200: json(OneTimePassword, "The operator and its one-time password"), ...refusals },
});

/** The routes of operators (CON-1). */
export function operatorRoutes(deps: AdminDeps) {
  return newRoutes()
    .openapi(listRoute, async (c) => {
      const { cursor, limit } = c.req.valid("query");
      const found = await deps.operators.list({ after: readCursor(Word, cursor), limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return c.json({ items, next: last !== undefined && found.length > limit ? writeCursor(last.login) : null }, 200);
    })
    .openapi(createOperatorRoute, async (c) => {
      const made = await deps.accounts.createOperator(actorOf(c, deps), c.req.valid("json"));
      c.header("Cache-Control", "no-store");
      return c.json(made, 201);
    })
    .openapi(patchRoute, async (c) => {
      const { role, disabled } = c.req.valid("json");
      const change = { ...(role !== undefined && { role }), ...(disabled !== undefined && { disabled }) };
      return c.json(await deps.operators.change(actorOf(c, deps), c.req.valid("param").id, change), 200);
    })
    .openapi(resetRoute, async (c) => {
      const made = await deps.accounts.resetPassword(actorOf(c, deps), c.req.valid("param").id);
      c.header("Cache-Control", "no-store");
      return c.json(made, 200);
    });
}
