import { createRoute, type z } from "@hono/zod-openapi";
import type { Config as CatalogConfig, Instance } from "../../../db/catalog.ts";
import type { ConfigChange } from "../../../db/catalog_store.ts";
import { Refused } from "../../../db/refused.ts";
import { checkCombination, checkFixed, newConfig } from "./config_rules.ts";
import { Config, ConfigPage, ConfigPatch, ConfigQuery, NewConfig } from "./config_schemas.ts";
import { readCursor, Word, writeCursor } from "./cursor.ts";
import type { AdminDeps } from "./deps.ts";
import { actorOf, instanceOf, newRoutes } from "./env.ts";
import { body, ConfigParam, InstanceParam, json, refusals } from "./schemas.ts";

const tags = ["Configs"];
const one = { 200: json(Config, "The config as it is now"), ...refusals };

const listRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/configs",
  tags,
  summary: "List and search configs",
  request: { params: InstanceParam, query: ConfigQuery },
  responses: { 200: json(ConfigPage, "By bizType"), ...refusals },
});
const createConfigRoute = createRoute({
  method: "post",
  path: "/api/instances/{instanceId}/configs",
  tags,
  summary: "Create a config; it is online (CFG-1)",
  request: { params: InstanceParam, body: body(NewConfig) },
  responses: { 201: json(Config, "The new config"), ...refusals },
});
const readRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/configs/{bizType}",
  tags,
  summary: "Read a config",
  request: { params: ConfigParam },
  responses: one,
});
const patchRoute = createRoute({
  method: "patch",
  path: "/api/instances/{instanceId}/configs/{bizType}",
  tags,
  summary: "Change a config, from the next push and the next send on (CFG-3)",
  request: { params: ConfigParam, body: body(ConfigPatch) },
  responses: one,
});
const deleteRoute = createRoute({
  method: "delete",
  path: "/api/instances/{instanceId}/configs/{bizType}",
  tags,
  summary: "Delete an offline config with its pushes (CFG-5)",
  request: { params: ConfigParam },
  responses: { 204: { description: "It is gone" }, ...refusals },
});
const onlineRoute = createRoute({
  method: "post",
  path: "/api/instances/{instanceId}/configs/{bizType}/online",
  tags,
  summary: "Delivery resumes where it stood (CFG-4)",
  request: { params: ConfigParam },
  responses: one,
});
const offlineRoute = createRoute({
  method: "post",
  path: "/api/instances/{instanceId}/configs/{bizType}/offline",
  tags,
  summary: "The emergency stop: no push is accepted, nothing is sent (CFG-4)",
  request: { params: ConfigParam },
  responses: one,
});

/** The routes of configs (CFG-1 to CFG-5). */
export function configRoutes(deps: AdminDeps) {
  return newRoutes()
    .openapi(listRoute, (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      return c.json(listConfigs(deps, instance, c.req.valid("query")), 200);
    })
    .openapi(createConfigRoute, async (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      const config = newConfig(c.req.valid("json"));
      await deps.store.createConfig(actorOf(c, deps), instance.no, config);
      await deps.catalog.refresh();
      return c.json(shown(configOf(deps, instance, config.bizType)), 201);
    })
    .openapi(readRoute, (c) => {
      const { instanceId, bizType } = c.req.valid("param");
      return c.json(shown(configOf(deps, instanceOf(deps, instanceId), bizType)), 200);
    })
    .openapi(patchRoute, async (c) => {
      const { instanceId, bizType } = c.req.valid("param");
      const instance = instanceOf(deps, instanceId);
      const patch = c.req.valid("json");
      await deps.store.changeConfig(
        actorOf(c, deps),
        { instanceNo: instance.no, bizType },
        changeOf(patch),
        (after) => {
          checkFixed(after, patch);
          checkCombination(after);
        },
      );
      await deps.catalog.refresh();
      return c.json(shown(configOf(deps, instance, bizType)), 200);
    })
    .openapi(deleteRoute, async (c) => {
      const { instanceId, bizType } = c.req.valid("param");
      const instanceNo = instanceOf(deps, instanceId).no;
      await deps.store.deleteConfig(actorOf(c, deps), { instanceNo, bizType });
      await deps.catalog.refresh();
      return c.body(null, 204);
    })
    .openapi(onlineRoute, async (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      const key = { instanceNo: instance.no, bizType: c.req.valid("param").bizType };
      await deps.store.setConfigStatus(actorOf(c, deps), key, "online");
      await deps.catalog.refresh();
      return c.json(shown(configOf(deps, instance, key.bizType)), 200);
    })
    .openapi(offlineRoute, async (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      const key = { instanceNo: instance.no, bizType: c.req.valid("param").bizType };
      await deps.store.setConfigStatus(actorOf(c, deps), key, "offline");
      await deps.catalog.refresh();
      return c.json(shown(configOf(deps, instance, key.bizType)), 200);
    });
}

function listConfigs(deps: AdminDeps, instance: Instance, query: z.infer<typeof ConfigQuery>) {
  const after = readCursor(Word, query.cursor) ?? "";
  const part = query.q?.trim().toLowerCase() ?? "";
  const found = deps.catalog.configsOf(instance.no)
    .filter((config) => config.bizType > after && (query.status ?? config.status) === config.status)
    .filter((config) => `${config.bizType}\n${config.description}`.toLowerCase().includes(part))
    .sort((a, b) => a.bizType < b.bizType ? -1 : 1);
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const next = last !== undefined && found.length > items.length ? writeCursor(last.bizType) : null;
  return { items: items.map(shown), next };
}

/** The fields of a patch that may change (CFG-3). */
function changeOf({ description, persistent, retentionDays, threshold, consistency }: ConfigPatch): ConfigChange {
  return { description, persistent, retentionDays, threshold, consistency };
}

/** @throws {Refused} `CONFIG_NOT_FOUND` */
function configOf(deps: AdminDeps, instance: Instance, bizType: string): CatalogConfig {
  const config = deps.catalog.config(instance.no, bizType);
  if (config === undefined) throw new Refused("CONFIG_NOT_FOUND", `There is no config ${bizType}`);
  return config;
}

function shown(config: CatalogConfig): z.infer<typeof Config> {
  const { no: _no, instance: _instance, floor: _floor, ...rest } = config;
  return rest;
}
