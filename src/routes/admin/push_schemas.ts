import { z } from "@hono/zod-openapi";
import { PUSH_STATES } from "../../../db/push_states.ts";
import { choice, page, pageQuery, rangeQuery, text, Time } from "./schemas.ts";

/** The body of a push. For the docs only: the push route checks it itself, in the order of PUSH-1. */
export const PushBody = z.looseObject({}).openapi("Push", {
  type: "object",
  required: ["bizType", "thirdMsgId"],
  properties: {
    bizType: { type: "string", maxLength: 30, description: "The config" },
    linkToken: { type: "string", maxLength: 100, description: "User or device id, by the config's target; not global" },
    thirdMsgId: { type: "string", maxLength: 100, description: "The caller's id, for idempotency" },
    payload: { type: "string", maxLength: 4096 },
    binaryPayload: { type: "string", maxLength: 4096, description: "Base64; in place of payload" },
    osType: { type: "string", maxLength: 10, description: "Absent: all" },
    appMinVersion: { type: "string", maxLength: 20 },
    appMaxVersion: { type: "string", maxLength: 20 },
    validTimeEnd: { type: "integer", format: "int64", description: "ms since 1970; never sent from then on" },
  },
});

export const RESULT_CODES = [
  "SUCCESS",
  "NOT_ONLINE",
  "DUPLICATED_BIZ_ID",
  "THIRDMSGID_IS_NULL",
  "ARGS_IS_NULL",
  "THIRD_MSG_ID_LONG",
  "PAYLOAD_LONG",
  "BIZ_NOT_ONLINE",
  "NOT_SUPPORT_GLOBAL",
  "SYSTEM_ERROR",
  "ARGS_ILLEGAL",
  "INSTANCE_NOT_FOUND",
  "SIGNATURE_INVALID",
  "SYSTEM_BUSY",
] as const;

export const PushAnswer = z.object({
  success: z.boolean(),
  msg: z.enum(RESULT_CODES),
  detail: z.string().optional().openapi({ description: "On a refusal: a sentence naming the field" }),
  thirdMsgId: z.string().optional().openapi({ description: "The id that was made, where the body brought none" }),
}).openapi("PushAnswer");

export const PushState = choice(PUSH_STATES);

const pushFields = {
  id: z.number().int(),
  bizType: z.string(),
  owner: z.string().openapi({ description: "User or device id; empty: everybody" }),
  thirdMsgId: z.string().nullable(),
  state: PushState,
  createdAt: Time,
  arrivedAt: Time.nullable(),
  deviceId: z.string().nullable().openapi({ description: "The device that acknowledged first" }),
  validUntil: Time,
  osType: z.string().nullable(),
  appMinVersion: z.string().nullable(),
  appMaxVersion: z.string().nullable(),
};

export const PushItem = z.object(pushFields).openapi("PushItem");
export const PushPage = page(PushItem, "PushPage");

export const PushQuery = z.object({
  ...pageQuery,
  ...rangeQuery,
  userId: text(100).optional().openapi({ description: "Pushes for this user" }),
  deviceId: text(100).optional().openapi({
    description: "Pushes for this device; with userId: the user's pushes that arrived first on it",
  }),
  bizType: z.string().max(30).optional(),
  state: PushState.optional(),
  thirdMsgId: z.string().max(100).optional(),
});

export const PushDelivery = z.object({
  subject: z.string().openapi({ description: "The user or device that the delivery is for" }),
  deviceId: z.string().nullable(),
  state: choice(["sent", "owed", "discarded", "threshold"]),
  attempts: z.number().int(),
  at: Time.nullable(),
}).openapi("PushDelivery");

export const PushDetail = z.object({
  ...pushFields,
  payload: z.string().nullable().openapi({ description: "Null once it is deleted" }),
  binary: z.boolean().openapi({ description: "The payload is base64" }),
  deliveries: z.array(PushDelivery),
}).openapi("PushDetail");

export const DeadLetterReason = choice(["retries", "threshold"]);

export const DeadLetter = z.object({
  bizType: z.string(),
  owner: z.string().openapi({ description: "Whom the push was for; empty: everybody" }),
  userId: z.string().nullable(),
  deviceId: z.string().nullable(),
  id: z.number().int(),
  thirdMsgId: z.string().nullable(),
  reason: DeadLetterReason,
  attempts: z.number().int(),
  at: Time,
}).openapi("DeadLetter");
export const DeadLetterPage = page(DeadLetter, "DeadLetterPage");

export const DeadLetterQuery = z.object({
  ...pageQuery,
  ...rangeQuery,
  bizType: z.string().max(30).optional(),
  userId: z.string().max(100).optional(),
  deviceId: z.string().max(100).optional(),
  reason: DeadLetterReason.optional(),
});
