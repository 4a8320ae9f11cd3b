import { createRoute, z } from "@hono/zod-openapi";
import type { AdminDeps } from "./deps.ts";
import { actorOf, instanceOf, newRoutes } from "./env.ts";
import { NewSecret, ShownSecret } from "./instance_schemas.ts";
import { body, InstanceParam, json, refusals } from "./schemas.ts";

const tags = ["Instances"];

const createSecretRoute = createRoute({
  method: "post",
  path: "/api/instances/{instanceId}/secrets",
  tags,
  summary: "New secret; up to two of a kind, so that one can be rotated without a gap (INS-2)",
  request: { params: InstanceParam, body: body(NewSecret) },
  responses: { 201: json(ShownSecret, "The secret, shown this once"), ...refusals },
});
const revokeSecretRoute = createRoute({
  method: "delete",
  path: "/api/instances/{instanceId}/secrets/{id}",
  tags,
  summary: "Revoke a secret",
  request: { params: InstanceParam.extend({ id: z.string() }) },
  responses: { 204: { description: "It opens nothing any more" }, ...refusals },
});

/** The routes of secrets (INS-2). */
export function secretRoutes(deps: AdminDeps) {
  return newRoutes()
    .openapi(createSecretRoute, async (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      const secret = await deps.store.createSecret(actorOf(c, deps), instance.no, c.req.valid("json").kind);
      await deps.catalog.refresh();
      c.header("Cache-Control", "no-store");
      return c.json(secret, 201);
    })
    .openapi(revokeSecretRoute, async (c) => {
      const { instanceId, id } = c.req.valid("param");
      await deps.store.revokeSecret(actorOf(c, deps), instanceOf(deps, instanceId).no, id);
      await deps.catalog.refresh();
      return c.body(null, 204);
    });
}
