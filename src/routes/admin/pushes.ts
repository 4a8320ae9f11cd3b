import { createRoute, z } from "@hono/zod-openapi";
import type { Instance } from "../../../db/catalog.ts";
import { Refused } from "../../../db/refused.ts";
import type { Actor } from "../../../db/records.ts";
import { type PushAnswer as Answer, statusOf } from "../../result_codes.ts";
import { ConfigNo, readCursor, Whole, Word, writeCursor } from "./cursor.ts";
import type { AdminDeps } from "./deps.ts";
import { actorOf, instanceOf, newRoutes } from "./env.ts";
import {
  DeadLetterPage,
  DeadLetterQuery,
  PushAnswer,
  PushBody,
  PushDetail,
  PushPage,
  PushQuery,
} from "./push_schemas.ts";
import { body, ConfigParam, InstanceParam, json, refusals } from "./schemas.ts";

const tags = ["Pushes"];

const listRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/pushes",
  tags,
  summary: "Pushes of the last 30 days with the state of each (CON-4)",
  request: { params: InstanceParam, query: PushQuery },
  responses: { 200: json(PushPage, "Newest first; a page may be short while `next` is not null"), ...refusals },
});
const sendRoute = createRoute({
  method: "post",
  path: "/api/instances/{instanceId}/pushes",
  tags,
  summary: "Send data: single or global by the config, answered like the REST API (CON-3)",
  request: { params: InstanceParam, body: body(PushBody) },
  responses: {
    200: json(PushAnswer, "The push API's answer, refusals included"),
    503: json(PushAnswer, "Busy or draining: nothing was promised"),
    "4XX": refusals["4XX"],
  },
});
const detailRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/configs/{bizType}/pushes/{id}",
  tags,
  summary: "One push with all that is kept of it",
  request: {
    params: ConfigParam.extend({
      id: z.coerce.number({ error: "must be a number" }).int().openapi({ type: "integer" }),
    }),
    query: z.object({ owner: z.string().max(100).default("").openapi({ description: "Empty: everybody" }) }),
  },
  responses: { 200: json(PushDetail, "The push"), ...refusals },
});
const deadLettersRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/deadletters",
  tags,
  summary: "Pushes that were given up (DLV-6, THR-1)",
  request: { params: InstanceParam, query: DeadLetterQuery },
  responses: { 200: json(DeadLetterPage, "Newest first"), ...refusals },
});

const Position = z.object({ at: Whole, config: ConfigNo, owner: Word, id: Whole });
const DeadPosition = z.object({ at: Whole, subject: Word, config: ConfigNo, device: Word, id: Whole });

/** The routes of pushes and dead letters. */
export function pushRoutes(deps: AdminDeps) {
  return newRoutes()
    .openapi(listRoute, async (c) => {
      const { cursor, ...query } = c.req.valid("query");
      const instanceNo = instanceOf(deps, c.req.valid("param").instanceId).no;
      const after = readCursor(Position, cursor);
      const { items, next } = await deps.pushStates.list({ ...query, instanceNo, after, now: deps.clock.now() });
      return c.json({ items, next: next && writeCursor(next) }, 200);
    })
    .openapi(sendRoute, async (c) => {
      const instance = instanceOf(deps, c.req.valid("param").instanceId);
      const answer = await send(deps, actorOf(c, deps), instance, c.req.valid("json"));
      if (statusOf(answer.msg) !== 503) return c.json(answer, 200);
      c.header("Retry-After", "1");
      return c.json(answer, 503);
    })
    .openapi(detailRoute, async (c) => {
      const { instanceId, bizType, id } = c.req.valid("param");
      const { owner } = c.req.valid("query");
      const instanceNo = instanceOf(deps, instanceId).no;
      const push = await deps.pushStates.detail({ instanceNo, bizType, owner, id, now: deps.clock.now() });
      if (push === undefined) {
        throw new Refused("PUSH_NOT_FOUND", `There is no push ${id} of ${bizType} for this owner`);
      }
      return c.json(push, 200);
    })
    .openapi(deadLettersRoute, async (c) => {
      const { cursor, ...query } = c.req.valid("query");
      const instanceNo = instanceOf(deps, c.req.valid("param").instanceId).no;
      const { items, next } = await deps.pushStates.deadLetters({
        ...query,
        instanceNo,
        after: readCursor(DeadPosition, cursor),
      });
      return c.json({ items, next: next && writeCursor(next) }, 200);
    });
}

/**
 * Sends data for an operator. Each attempt leaves one record: `data.sent`, which exists exactly when the push does, or
 * `data.refused` with the answer where nothing was sent. Of what was our fault there is none: nothing was promised.
 */
async function send(
  deps: AdminDeps,
  actor: Actor,
  instance: Instance,
  given: Record<string, unknown>,
): Promise<Answer & { thirdMsgId?: string }> {
  const made = madeThirdMsgId(deps, instance, given);
  const push = made === undefined ? given : { ...given, thirdMsgId: made };
  const object = typeof push.bizType === "string" ? push.bizType.slice(0, 100) : "";
  const entry = { instanceNo: instance.no, object, before: null };
  const sent = { actor, record: { ...entry, action: "data.sent" as const, after: push } };
  const answer = await deps.live.push(instance.instanceId, push, sent);
  if (isRefusal(answer)) {
    const after = { thirdMsgId: push.thirdMsgId ?? null, msg: answer.msg, detail: answer.detail ?? null };
    await deps.records.write(actor, { ...entry, action: "data.refused", after });
  }
  return made === undefined ? answer : { ...answer, thirdMsgId: made };
}

/** Whether nothing was sent, by the rules. A known id is no failure for the caller, but nothing is sent again either. */
function isRefusal({ success, msg }: Answer): boolean {
  return msg === "DUPLICATED_BIZ_ID" || (!success && msg !== "SYSTEM_ERROR" && msg !== "SYSTEM_BUSY");
}

/** A not persistent config remembers no ids (PUSH-4), so one is made where the operator brings none (OPS-5). */
function madeThirdMsgId(deps: AdminDeps, instance: Instance, given: Record<string, unknown>): string | undefined {
  const config = typeof given.bizType === "string" ? deps.catalog.config(instance.no, given.bizType) : undefined;
  const absent = given.thirdMsgId === undefined || given.thirdMsgId === null || given.thirdMsgId === "";
  return absent && config !== undefined && !config.persistent ? `console-${crypto.randomUUID()}` : undefined;
}
