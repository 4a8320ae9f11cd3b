import type { Context, ErrorHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type RefusalCode, Refused } from "../../../db/refused.ts";
import type { AdminDeps } from "./deps.ts";
import type { AdminEnv } from "./env.ts";
import type { ErrorBody } from "./schemas.ts";

const STATUS: Record<RefusalCode, ContentfulStatusCode> = {
  ARGS_ILLEGAL: 400,
  UNAUTHENTICATED: 401,
  LOGIN_FAILED: 401,
  PASSWORD_CHANGE_REQUIRED: 403,
  FORBIDDEN: 403,
  CROSS_SITE: 403,
  NOT_FOUND: 404,
  INSTANCE_NOT_FOUND: 404,
  INSTANCE_EXISTS: 409,
  CONFIG_NOT_FOUND: 404,
  CONFIG_EXISTS: 409,
  CONFIG_ONLINE: 409,
  SECRET_NOT_FOUND: 404,
  SECRETS_FULL: 409,
  PUSH_NOT_FOUND: 404,
  OPERATOR_NOT_FOUND: 404,
  OPERATOR_EXISTS: 409,
  LAST_ADMIN: 409,
  TOO_MANY_ATTEMPTS: 429,
  BODY_TOO_LARGE: 413,
  SYSTEM_ERROR: 500,
};

/** Every error of the admin API: a status and `{"code","message"}`; what is our fault is told to `onError` only. */
export function errorHandler(deps: AdminDeps): ErrorHandler<AdminEnv> {
  return (error, c) => {
    if (error instanceof Refused) return refusal(c, error);
    if (error instanceof HTTPException && error.status < 500) {
      return refusal(c, new Refused("ARGS_ILLEGAL", "The body must be a JSON object"));
    }
    deps.onError(error);
    return refusal(c, new Refused("SYSTEM_ERROR", "Something failed here; nothing was promised"));
  };
}

function refusal(c: Context, { code, message, field }: Refused): Response {
  const body: ErrorBody = { code, message, ...(field !== undefined && { field }) };
  if (code === "UNAUTHENTICATED") c.header("WWW-Authenticate", "Bearer");
  return c.json(body, STATUS[code]);
}
