import { z } from "@hono/zod-openapi";
import { RECORD_ACTIONS } from "../../../db/records.ts";
import { choice, page, pageQuery, rangeQuery, Time } from "./schemas.ts";

const Session = z.object({
  deviceId: z.string(),
  userId: z.string().nullable(),
  os: z.string().nullable(),
  appVersion: z.string().nullable(),
  foreground: z.boolean(),
  connectedAt: Time,
  consistency: choice(["valid", "invalid", "unknown"]).nullable(),
}).openapi("Session");

const status = {
  online: z.boolean(),
  sessions: z.array(Session),
  pushes30d: z.number().int(),
  arrivals30d: z.number().int(),
};

export const UserStatus = z.object({ userId: z.string(), ...status }).openapi("UserStatus");
export const DeviceStatus = z.object({ deviceId: z.string(), ...status }).openapi("DeviceStatus");
export const Kicked = z.object({ closed: z.number().int() }).openapi("Kicked");

export const RecordAction = choice(RECORD_ACTIONS);

export const RecordItem = z.object({
  id: z.number().int(),
  at: Time,
  operator: z.string(),
  action: RecordAction,
  object: z.string(),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
}).openapi("OperatorRecord");
export const RecordPage = page(RecordItem, "RecordPage");

export const RecordQuery = z.object({
  ...pageQuery,
  ...rangeQuery,
  operator: z.string().max(100).optional(),
  action: RecordAction.optional(),
});

const latency = {
  p50: z.number().nullable().openapi({ description: "ms from accepted to first acknowledgement" }),
  p99: z.number().nullable(),
  count: z.number().int(),
};

export const DayStat = z.object({
  day: z.string().openapi({ example: "2025-01-31", description: "UTC" }),
  bizType: z.string(),
  pushes: z.number().int(),
  arrivals: z.number().int(),
  discards: z.number().int(),
}).openapi("DayStat");
export const DayStatPage = page(DayStat, "DayStatPage");

export const StatsQuery = z.object({
  ...pageQuery,
  ...rangeQuery,
  bizType: z.string().max(30).optional(),
});
export const OverviewQuery = StatsQuery.pick({ from: true, to: true, bizType: true });

export const Overview = z.object({
  from: Time,
  to: Time,
  stepMs: z.number().int().openapi({ description: "Width of one point" }),
  points: z.array(z.object({
    at: Time,
    pushes: z.number().int(),
    arrivals: z.number().int(),
    discards: z.number().int(),
    ...latency,
  })),
  connections: z.array(z.object({ at: Time, connections: z.number().int() })).openapi({
    description: "The highest sample of each step",
  }),
  lastConnections: z.number().int().nullable().openapi({ description: "The last sample" }),
  latency: z.object({
    ...latency,
    buckets: z.array(z.object({ upToMs: z.number().nullable(), count: z.number().int() })),
  }),
  configs: z.object({ online: z.number().int(), offline: z.number().int() }),
}).openapi("Overview");
