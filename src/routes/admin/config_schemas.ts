import { z } from "@hono/zod-openapi";
import { choice, flag, page, pageQuery, text, Time } from "./schemas.ts";

const BIZ_RULE = "must be 1 to 30 of A-Z a-z 0-9 - _";
const RETENTION_RULE = "must be a whole number of days from 1 to 30";
const THRESHOLD_RULE = "must be a whole number from 1 to 1000, or null to keep all";

const bizType = z.string({ error: BIZ_RULE }).regex(/^[A-Za-z0-9_-]{1,30}$/, BIZ_RULE)
  .openapi({ example: "DEVICE-LOCK" });
const retentionDays = z.number({ error: RETENTION_RULE }).int(RETENTION_RULE).min(1, RETENTION_RULE)
  .max(30, RETENTION_RULE);
const threshold = z.number({ error: THRESHOLD_RULE }).int(THRESHOLD_RULE).min(1, THRESHOLD_RULE)
  .max(1000, THRESHOLD_RULE).nullable();

export const ConfigScope = choice(["single", "global"]);
export const ConfigTarget = choice(["user", "device"]);
export const ConfigStatus = choice(["online", "offline"]);

export const Config = z.object({
  bizType: z.string(),
  description: z.string(),
  scope: ConfigScope,
  target: ConfigTarget,
  multiDevice: z.boolean(),
  persistent: z.boolean(),
  retentionDays: z.number().int(),
  threshold: z.number().int().nullable(),
  consistency: z.boolean(),
  status: ConfigStatus,
  createdAt: Time,
  updatedAt: Time,
}).openapi("Config");

export const ConfigPage = page(Config, "ConfigPage");

export const ConfigQuery = z.object({
  ...pageQuery,
  q: z.string().max(100).optional().openapi({ description: "Part of the bizType or the description" }),
  status: ConfigStatus.optional(),
});

/** CFG-1 with its defaults; `multiDevice` absent: see `newConfig` in config_rules.ts. */
export const NewConfig = z.object({
  bizType,
  description: text(500),
  scope: ConfigScope,
  target: ConfigTarget,
  multiDevice: flag.optional(),
  persistent: flag.default(true),
  retentionDays: retentionDays.default(30),
  threshold: threshold.default(null),
  consistency: flag.default(false),
}).openapi("NewConfig");
export type NewConfig = z.infer<typeof NewConfig>;

/** The fields that never change are read, so that a change of them can be refused by name (CFG-3). */
export const ConfigPatch = z.object({
  description: text(500).optional(),
  persistent: flag.optional(),
  retentionDays: retentionDays.optional(),
  threshold: threshold.optional(),
  consistency: flag.optional(),
  bizType: bizType.optional(),
  scope: ConfigScope.optional(),
  target: ConfigTarget.optional(),
  multiDevice: flag.optional(),
  status: ConfigStatus.optional(),
}).openapi("ConfigPatch", {
  description: "bizType, scope, target and multiDevice never change; status changes by …/online and …/offline",
});
export type ConfigPatch = z.infer<typeof ConfigPatch>;
