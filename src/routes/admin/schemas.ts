/** Words that several admin routes share: errors, pages, times, and how a refusal names its field. */
import { z } from "@hono/zod-openapi";

export const ErrorBody = z.object({
  code: z.string().openapi({ example: "CONFIG_NOT_FOUND" }),
  message: z.string(),
  field: z.string().optional().openapi({ description: "The field that the message names, where there is one" }),
}).openapi("Error");
export type ErrorBody = z.infer<typeof ErrorBody>;

const errorContent = { content: { "application/json": { schema: ErrorBody } } };

/** The refusals that every admin route can answer. */
export const refusals = {
  "4XX": { description: "Refused: the code and a sentence naming the field", ...errorContent },
  "5XX": { description: "Our fault: nothing was changed", ...errorContent },
} as const;

/** A JSON answer of a route. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** A required JSON body of a route. */
export function body<T extends z.ZodType>(schema: T) {
  return { required: true, content: { "application/json": { schema } } };
}

/** `{"items":[…],"next":cursor|null}`. */
export function page<T extends z.ZodType>(item: T, name: string) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().openapi({ description: "Hand in as `cursor` for what follows; null: that was all" }),
  }).openapi(name);
}

/** A text of 1 to `max` characters without control characters. */
export function text(max: number) {
  const rule = `must be a text of 1 to ${max} characters without control characters`;
  // deno-lint-ignore no-control-regex
  return z.string({ error: rule }).regex(/^[^\u0000-\u001f\u007f-\u009f]+$/, rule).max(max, rule)
    .refine((value) => value.isWellFormed(), rule);
}

/** A choice that may be left out. */
export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(", ")}` });
}

export const flag = z.boolean({ error: "must be true or false" });

/** ms since 1970. */
export const Time = z.number().int().openapi({ description: "ms since 1970", example: 1732000000000 });

const LIMIT_RULE = "must be a whole number from 1 to 1000";

export const pageQuery = {
  cursor: z.string().max(1000).optional(),
  limit: z.coerce.number({ error: LIMIT_RULE }).int(LIMIT_RULE).min(1, LIMIT_RULE).max(1000, LIMIT_RULE).default(50),
};

const DAY_MS = 24 * 3600_000;
const TIME = /^(\d{4}-\d{2}-\d{2})(?:(T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?$/;
const TIME_RULE = "must be a day (2025-01-31, UTC), a time (2025-01-31T08:00:00Z) or ms since 1970";

/** Without a zone in UTC, wherever the server stands. @returns NaN for what is no time */
function instant(value: string, endOfDay: boolean): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  const [, day, time, zone = "Z"] = TIME.exec(value) ?? [];
  const midnight = new Date(`${day}T00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(`${day}T`)) return NaN;
  return time === undefined ? midnight.getTime() + (endOfDay ? DAY_MS : 0) : Date.parse(`${day}${time}${zone}`);
}

function timeParameter(endOfDay: boolean) {
  return z.string().max(40).refine((value) => Number.isFinite(instant(value, endOfDay)), TIME_RULE)
    .transform((value) => instant(value, endOfDay)).optional()
    .openapi({ type: "string", description: TIME_RULE, example: "2025-01-31" });
}

/** `from` is inclusive; `to` is exclusive, but a bare day as `to` includes that day. */
export const rangeQuery = { from: timeParameter(false), to: timeParameter(true) };

export const InstanceParam = z.object({ instanceId: z.string().openapi({ example: "default_demo" }) });
export const ConfigParam = InstanceParam.extend({ bizType: z.string().openapi({ example: "UCHAT" }) });
