import { createRoute, type z } from "@hono/zod-openapi";
import type { Instance as CatalogInstance } from "../../../db/catalog.ts";
import { Refused } from "../../../db/refused.ts";
import { readCursor, Word, writeCursor } from "./cursor.ts";
import type { AdminDeps } from "./deps.ts";
import { actorOf, instanceOf, newRoutes } from "./env.ts";
import {
  Instance,
  InstancePage,
  InstancePatch,
  InstanceQuery,
  MetaConfig,
  NewInstance,
  PlatformQuery,
  TrialAnswer,
  TrialBody,
} from "./instance_schemas.ts";
import { body, InstanceParam, json, refusals } from "./schemas.ts";

const tags = ["Instances"];
const changed = { 200: json(Instance, "The instance as it is now"), ...refusals };

const listRoute = createRoute({
  method: "get",
  path: "/api/instances",
  tags,
  summary: "List and search instances",
  request: { query: InstanceQuery },
  responses: { 200: json(InstancePage, "By instanceId"), ...refusals },
});
const createInstanceRoute = createRoute({
  method: "post",
  path: "/api/instances",
  tags,
  summary: "Create an instance, with signatures on (INS-2)",
  request: { body: body(NewInstance) },
  responses: { 201: json(Instance, "The new instance"), ...refusals },
});
const readRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}",
  tags,
  summary: "Read an instance",
  request: { params: InstanceParam },
  responses: { 200: json(Instance, "The instance"), ...refusals },
});
const patchRoute = createRoute({
  method: "patch",
  path: "/api/instances/{instanceId}",
  tags,
  summary: "Change name, signature switch (SIG-1) or validation URL (SES-2)",
  request: { params: InstanceParam, body: body(InstancePatch) },
  responses: changed,
});
const epochRoute = createRoute({
  method: "post",
  path: "/api/instances/{instanceId}/epoch",
  tags,
  summary: "After a restore: let all ids jump ahead (STR-1)",
  request: { params: InstanceParam },
  responses: changed,
});
const metaRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/meta.config",
  tags,
  summary: "The client config file (INS-3)",
  request: { params: InstanceParam, query: PlatformQuery },
  responses: { 200: json(MetaConfig, "To be put into the app"), ...refusals },
});
const trialRoute = createRoute({
  method: "post",
  path: "/api/instances/{instanceId}/validation-trial",
  tags,
  summary: "Ask the validation URL once and see the raw answer (SES-2, SES-3)",
  request: { params: InstanceParam, body: body(TrialBody) },
  responses: { 200: json(TrialAnswer, "What the tenant answered and how it is read"), ...refusals },
});

/** The routes of instances: OPS-5's rows without secrets. */
export function instanceRoutes(deps: AdminDeps) {
  return newRoutes()
    .openapi(listRoute, (c) => c.json(listInstances(deps, c.req.valid("query")), 200))
    .openapi(createInstanceRoute, async (c) => {
      const instanceId = await deps.store.createInstance(actorOf(c, deps), c.req.valid("json"));
      await deps.catalog.refresh();
      return c.json(shown(instanceOf(deps, instanceId)), 201);
    })
    .openapi(readRoute, (c) => c.json(shown(instanceOf(deps, c.req.valid("param").instanceId)), 200))
    .openapi(patchRoute, async (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      await deps.store.changeInstance(actorOf(c, deps), instance.no, c.req.valid("json"));
      await deps.catalog.refresh();
      return c.json(shown(instanceOf(deps, instance.instanceId)), 200);
    })
    .openapi(epochRoute, async (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      await deps.store.jumpIds(actorOf(c, deps), instance.no);
      await deps.catalog.refresh();
      return c.json(shown(instanceOf(deps, instance.instanceId)), 200);
    })
    .openapi(metaRoute, (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      c.header("Content-Disposition", `attachment; filename="meta.config"`);
      return c.json(metaConfig(deps, instance, c.req.valid("query").platform), 200);
    })
    .openapi(trialRoute, async (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      const { url, ...who } = c.req.valid("json");
      const asked = url ?? instance.sessionValidateUrl;
      if (asked === null) throw new Refused("ARGS_ILLEGAL", "url is needed: the instance has none", "url");
      return c.json(await deps.tryValidation(instance, asked, who), 200);
    });
}

function listInstances(deps: AdminDeps, query: z.infer<typeof InstanceQuery>) {
  const after = readCursor(Word, query.cursor) ?? "";
  const part = query.q?.trim().toLowerCase() ?? "";
  const found = deps.catalog.instances().filter((instance) => instance.instanceId > after)
    .filter(({ instanceId, name }) => `${instanceId}\n${name}`.toLowerCase().includes(part))
    .sort((a, b) => a.instanceId < b.instanceId ? -1 : 1);
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const next = last !== undefined && found.length > items.length ? writeCursor(last.instanceId) : null;
  return { items: items.map(shown), next };
}

/** The instance without its `no` and the texts of its secrets. */
export function shown(instance: CatalogInstance): z.infer<typeof Instance> {
  const { no: _no, secrets, ...rest } = instance;
  return { ...rest, secrets: secrets.map(({ id, kind, createdAt }) => ({ id, kind, createdAt })) };
}

function metaConfig(deps: AdminDeps, instance: CatalogInstance, platform: string): z.infer<typeof MetaConfig> {
  return {
    appId: instance.appId,
    appKey: `${instance.appId}_${platform.toUpperCase()}`,
    workspaceId: instance.workspaceId,
    syncserver: deps.publicAddress.host,
    syncport: String(deps.publicAddress.port),
  };
}
