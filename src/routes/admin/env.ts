import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Instance } from "../../../db/catalog.ts";
import { Refused } from "../../../db/refused.ts";
import type { Actor } from "../../../db/records.ts";
import type { Caller } from "../../accounts.ts";
import type { AdminDeps } from "./deps.ts";

/** What the guard leaves for the routes: who is calling. */
export type AdminEnv = { Variables: { caller: Caller } };

/** An app of admin routes: what its schemas refuse becomes a sentence that names the field. */
export function newRoutes(): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const issue = result.error.issues[0];
      const field = issue?.path.join(".") ?? "";
      const message = issue?.message ?? "is not readable";
      throw field === ""
        ? new Refused("ARGS_ILLEGAL", `The body ${message}`)
        : new Refused("ARGS_ILLEGAL", `${field} ${message}`, field);
    },
  });
}

/** Who does it and when, for the record (REC-1). */
export function actorOf(c: Context<AdminEnv>, deps: AdminDeps): Actor {
  return { operator: c.get("caller").login, at: deps.clock.now() };
}

/** @throws {Refused} `INSTANCE_NOT_FOUND` */
export function instanceOf(deps: AdminDeps, instanceId: string): Instance {
  const instance = deps.catalog.instance(instanceId);
  if (instance === undefined) throw new Refused("INSTANCE_NOT_FOUND", `There is no instance ${instanceId}`);
  return instance;
}
