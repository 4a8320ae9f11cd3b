/**
 * The frames of the long connection, version 1: both unions, the schemas they are inferred from, and nothing else.
 * The SDK imports the types of this file only. `tests/src/protocol_test.ts` pins a hash of these schemas to
 * {@link PROTOCOL_VERSION}: changing a frame without raising the version fails.
 */
import { z } from "zod";

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = "syncline.v1";

/** Largest `hello` and largest other client frame, in bytes of UTF-8. */
export const MAX_HELLO_BYTES = 256 * 1024;
export const MAX_FRAME_BYTES = 64 * 1024;

// Ids reach logs, database keys and headers: no control characters, no lone surrogates.
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const text = (max: number) =>
  z.string().min(1).max(max)
    .refine((s) => !CONTROL.test(s), "must not contain control characters")
    .refine((s) => s.isWellFormed(), "must be well-formed Unicode");
const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const millis = id;
const biz = z.string().regex(/^[A-Za-z0-9_-]{1,30}$/, "must be 1-30 of A-Z a-z 0-9 - _");

/** `user` and `globalUser` points belong to the bound user, `device` and `global` to the device. */
export const Scope = z.enum(["user", "device", "global", "globalUser"]);
export type Scope = z.infer<typeof Scope>;

const Point = z.tuple([Scope, biz, id]);
/** `[scope, bizType, point]`. */
export type Point = z.infer<typeof Point>;

const Sign = z.object({ timestamp: millis, nonce: text(100), signature: z.string().min(1).max(200) });
export type Sign = z.infer<typeof Sign>;

const points = z.array(Point).max(4000).default([]);
const number = z.number().int();

export const ClientFrame = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("hello"),
    protocol: number,
    seq: id,
    instanceId: text(100),
    deviceId: text(100),
    os: text(100).optional(),
    appVersion: text(100).optional(),
    sdk: text(100).optional(),
    foreground: z.boolean().default(true),
    epoch: text(100).optional(),
    points,
    user: z.object({ userId: text(100), sessionId: text(100), points }).optional(),
    sign: Sign.optional(),
  }),
  z.object({
    type: z.literal("bind"),
    n: number,
    userId: text(100),
    sessionId: text(100),
    points,
    sign: Sign.optional(),
  }),
  z.object({ type: z.literal("unbind"), n: number }),
  z.object({
    type: z.literal("ack"),
    scope: Scope,
    biz,
    id: id.optional(),
    ids: z.array(id).max(1000).optional(),
  }).refine((f) => f.id !== undefined || f.ids !== undefined, { path: ["id"], message: "needs id or ids" }),
  z.object({ type: z.literal("foreground") }),
  z.object({ type: z.literal("background") }),
  z.object({ type: z.literal("ping"), n: number }),
  z.object({ type: z.literal("pong"), n: number }),
]);
export type ClientFrame = z.infer<typeof ClientFrame>;
export type Hello = Extract<ClientFrame, { type: "hello" }>;
export type Bind = Extract<ClientFrame, { type: "bind" }>;
export type Ack = Extract<ClientFrame, { type: "ack" }>;

export const Consistency = z.enum(["valid", "invalid", "unknown"]);
export type Consistency = z.infer<typeof Consistency>;

const Op = z.object({ id, mid: z.string(), at: millis, pl: z.string(), isB: z.literal(true).optional() });
export type Op = z.infer<typeof Op>;

/** An interval batch (`from`, `to`), a late batch (`late`), or not persistent ops (id 0, neither). */
export const Batch = z.object({
  scope: Scope,
  biz,
  from: id.optional(),
  to: id.optional(),
  late: z.literal(true).optional(),
  ops: z.array(Op),
  gone: z.array(id).optional(),
});
export type Batch = z.infer<typeof Batch>;

export const ServerFrame = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("welcome"),
    connectionId: z.string(),
    epoch: z.string(),
    serverTime: millis,
    heartbeatMs: number,
    user: z.object({ userId: z.string(), consistency: Consistency }).optional(),
  }),
  z.object({
    type: z.literal("bound"),
    n: number.optional(),
    userId: z.string().nullable(),
    consistency: Consistency.optional(),
  }),
  z.object({ type: z.literal("sync"), batches: z.array(Batch) }),
  z.object({ type: z.literal("reset"), epoch: z.string(), points: z.array(Point) }),
  z.object({ type: z.literal("command"), biz, command: z.enum(["online", "offline"]) }),
  z.object({ type: z.literal("pong"), n: number }),
  z.object({ type: z.literal("ping"), n: number }),
  z.object({ type: z.literal("error"), code: z.string(), message: z.string() }),
]);
export type ServerFrame = z.infer<typeof ServerFrame>;
