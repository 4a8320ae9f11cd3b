import { createRoute, z } from "@hono/zod-openapi";
import { readCursor, Whole, writeCursor } from "./cursor.ts";
import type { AdminDeps } from "./deps.ts";
import { instanceOf, newRoutes } from "./env.ts";
import { InstanceParam, json, refusals } from "./schemas.ts";
import { RecordPage, RecordQuery } from "./status_schemas.ts";

const tags = ["Records"];
const responses = { 200: json(RecordPage, "Newest first"), ...refusals };

const instanceRecordsRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/records",
  tags,
  summary: "Who did what; without a date the last 7 days and at most 1000 (REC-2)",
  request: { params: InstanceParam, query: RecordQuery },
  responses,
});
const operatorRecordsRoute = createRoute({
  method: "get",
  path: "/api/operators/records",
  tags,
  summary: "Changes of operators, which belong to no instance (REC-1)",
  request: { query: RecordQuery },
  responses,
});

/** The routes of operator records. */
export function recordRoutes(deps: AdminDeps) {
  return newRoutes()
    .openapi(instanceRecordsRoute, async (c) => {
      const instanceNo = instanceOf(deps, c.req.valid("param").instanceId).no;
      return c.json(await listRecords(deps, instanceNo, c.req.valid("query")), 200);
    })
    .openapi(operatorRecordsRoute, async (c) => c.json(await listRecords(deps, null, c.req.valid("query")), 200));
}

const WITHOUT_DATE_MS = 7 * 24 * 3600_000;
const WITHOUT_DATE_MAX = 1000;
const Position = z.object({ at: Whole, id: Whole, left: Whole, from: z.number().int().optional() });

/** REC-2: the limits that hold without a date travel in the cursor, so that paging cannot walk around them. */
async function listRecords(deps: AdminDeps, instanceNo: number | null, query: z.infer<typeof RecordQuery>) {
  const undated = query.from === undefined && query.to === undefined;
  const position = readCursor(Position, query.cursor);
  const from = position?.from ?? (undated ? deps.clock.now() - WITHOUT_DATE_MS : query.from);
  const left = position?.left ?? (undated ? WITHOUT_DATE_MAX : Number.MAX_SAFE_INTEGER);
  const limit = Math.min(query.limit, left);
  const { operator, action, to } = query;
  const found = await deps.records.list({
    instanceNo,
    operator,
    action,
    from,
    to,
    after: position && { at: position.at, id: position.id },
    limit: limit + 1,
  });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const more = found.length > limit && left > limit && last !== undefined;
  return { items, next: more ? writeCursor({ at: last.at, id: last.id, left: left - limit, from }) : null };
}
