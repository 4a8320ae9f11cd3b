import { z } from "@hono/zod-openapi";
import { choice, flag, page, pageQuery, text, Time } from "./schemas.ts";

export const SecretKind = choice(["server", "app"]);

export const SecretHead = z.object({ id: z.string(), kind: SecretKind, createdAt: Time }).openapi("SecretHead");

export const Instance = z.object({
  instanceId: z.string().openapi({ example: "sit_320C94C171133" }),
  workspaceId: z.string(),
  appId: z.string(),
  name: z.string(),
  signature: z.boolean().openapi({ description: "Whether all signature checks are on (SIG-1)" }),
  sessionValidateUrl: z.string().nullable(),
  epoch: z.string(),
  createdAt: Time,
  secrets: z.array(SecretHead).openapi({ description: "The active secrets, without their text" }),
}).openapi("Instance");

export const InstancePage = page(Instance, "InstancePage");

export const InstanceQuery = z.object({
  ...pageQuery,
  q: z.string().max(100).optional().openapi({ description: "Part of the instanceId or the name" }),
});

const WORKSPACE_RULE = "must be 1 to 48 of A-Z a-z 0-9 -";
const APP_RULE = "must be 1 to 50 of A-Z a-z 0-9 - _";

// No `_` in the workspace: the instance id is `workspaceId_appId` and must name both without doubt (INS-1).
export const NewInstance = z.object({
  workspaceId: z.string({ error: WORKSPACE_RULE }).regex(/^[A-Za-z0-9-]{1,48}$/, WORKSPACE_RULE),
  appId: z.string({ error: APP_RULE }).regex(/^[A-Za-z0-9_-]{1,50}$/, APP_RULE),
  name: text(100),
}).openapi("NewInstance");

const URL_RULE = "must be an http or https address of at most 2000 characters without a password, or null";
/** The URL parser leaves line ends and tabs out without a word, and cuts spaces off. */
// deno-lint-ignore no-control-regex
const BLANK = /[\u0000-\u0020\u007f-\u009f\u2028\u2029]/;

function isValidateUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" &&
    !BLANK.test(value);
}

export const ValidateUrl = z.string({ error: URL_RULE }).max(2000, URL_RULE).refine(isValidateUrl, URL_RULE);

export const InstancePatch = z.object({
  name: text(100).optional(),
  signature: flag.optional(),
  sessionValidateUrl: ValidateUrl.nullable().optional(),
}).openapi("InstancePatch");

export const NewSecret = z.object({ kind: SecretKind }).openapi("NewSecret");

export const ShownSecret = z.object({
  id: z.string(),
  kind: SecretKind,
  secret: z.string().openapi({ description: "Shown this once" }),
}).openapi("ShownSecret");

export const MetaConfig = z.object({
  appId: z.string(),
  appKey: z.string().openapi({ example: "demo_IOS" }),
  workspaceId: z.string(),
  syncserver: z.string(),
  syncport: z.string().openapi({ example: "8080" }),
}).openapi("MetaConfig");

export const PlatformQuery = z.object({
  platform: z.string().regex(/^[A-Za-z0-9]{1,20}$/, "must be 1 to 20 letters and digits, like IOS or ANDROID"),
});

export const TrialBody = z.object({
  userId: text(100),
  sessionId: text(100),
  url: ValidateUrl.optional().openapi({ description: "Absent: the instance's own" }),
}).openapi("ValidationTrial");

export const TrialAnswer = z.object({
  verdict: choice(["valid", "invalid", "unknown"]),
  detail: z.string(),
  status: z.number().int().nullable().openapi({ description: "The tenant's HTTP status; null: no answer" }),
  raw: z.string().nullable().openapi({ description: "The tenant's raw answer, at most 64 KiB" }),
  durationMs: z.number(),
}).openapi("ValidationAnswer");
