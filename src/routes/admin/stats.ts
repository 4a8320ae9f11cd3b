import { createRoute, z } from "@hono/zod-openapi";
import { Refused } from "../../../db/refused.ts";
import { readCursor, Word, writeCursor } from "./cursor.ts";
import type { AdminDeps } from "./deps.ts";
import { instanceOf, newRoutes } from "./env.ts";
import { InstanceParam, json, refusals } from "./schemas.ts";
import { DayStatPage, Overview, OverviewQuery, StatsQuery } from "./status_schemas.ts";

const tags = ["Statistics"];

const daysRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/stats",
  tags,
  summary: "Pushes, arrivals and discards per day (UTC) and config; without a date the last 30 days (STA-1)",
  request: { params: InstanceParam, query: StatsQuery },
  responses: { 200: json(DayStatPage, "Newest day first"), ...refusals },
});
const overviewRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/overview",
  tags,
  summary: "The pictures: traffic, latency and connections over time; without a date the last 24 hours (STA-2)",
  request: { params: InstanceParam, query: OverviewQuery },
  responses: { 200: json(Overview, "At most some hundred points"), ...refusals },
});

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;
const LONGEST_MS = 366 * DAY_MS;
const Position = z.object({ day: z.iso.date(), bizType: Word });

/** The routes of statistics. */
export function statsRoutes(deps: AdminDeps) {
  return newRoutes()
    .openapi(daysRoute, async (c) => {
      const { cursor, bizType, limit, from, to } = c.req.valid("query");
      const instanceNo = instanceOf(deps, c.req.valid("param").instanceId).no;
      const range = rangeOf(deps, { from, to }, 30 * DAY_MS);
      const after = readCursor(Position, cursor);
      const { items, next } = await deps.stats.days({ instanceNo, bizType, ...range, after, limit });
      return c.json({ items, next: next && writeCursor(next) }, 200);
    })
    .openapi(overviewRoute, async (c) => {
      const { bizType, from, to } = c.req.valid("query");
      const instanceNo = instanceOf(deps, c.req.valid("param").instanceId).no;
      const range = rangeOf(deps, { from, to }, DAY_MS);
      const overview = await deps.stats.overview({ instanceNo, bizType, ...range });
      const configs = deps.catalog.configsOf(instanceNo);
      const online = configs.filter((config) => config.status === "online").length;
      return c.json({ ...range, ...overview, configs: { online, offline: configs.length - online } }, 200);
    });
}

/** @throws {Refused} `ARGS_ILLEGAL` for a range that is inverted or longer than a year. */
function rangeOf(
  deps: AdminDeps,
  { from, to }: { from?: number | undefined; to?: number | undefined },
  length: number,
): { from: number; to: number } {
  const end = to ?? deps.clock.now() + 1;
  const start = from ?? end - length;
  if (start >= end) throw new Refused("ARGS_ILLEGAL", "from must be before to", "from");
  if (end - start > LONGEST_MS) throw new Refused("ARGS_ILLEGAL", "from must be at most a year before to", "from");
  return { from: start, to: end };
}
