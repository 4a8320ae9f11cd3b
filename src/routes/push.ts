import { Hono } from "hono";
import type { Context } from "hono";
import { push, type PushDeps } from "../push.ts";
import { type Endpoint, readPush } from "../push_request.ts";
import type { RateLimit } from "../rate_limit.ts";
import { type PushAnswer, statusOf } from "../result_codes.ts";
import type { Signatures } from "../signature.ts";

export type PushRouteDeps = PushDeps & {
  signatures: Pick<Signatures, "verifyRest">;
  rateLimit: RateLimit;
  /** Whether new pushes are refused because the server is stopping (OPS-3). */
  draining: () => boolean;
  received: () => void;
};

/** Largest body, bytes (PUSH-5). */
export const MAX_BODY_BYTES = 64 * 1024;
const RETRY_AFTER_S = "2";

/** The business API (spec: PUSH), at the paths that existing callers use. */
export function pushRoutes(deps: PushRouteDeps): Hono {
  const app = new Hono();
  app.post("/webapi/sync/single", (c) => handle(deps, c, "single"));
  app.post("/webapi/sync/global", (c) => handle(deps, c, "global"));
  app.post("/webapi-sync/single", (c) => handle(deps, c, "single"));
  return app;
}

async function handle(deps: PushRouteDeps, c: Context, endpoint: Endpoint): Promise<Response> {
  deps.received();
  if (deps.draining()) return respond(c, refuse("SYSTEM_BUSY", "The server is stopping: come back in a moment"));
  const instanceId = c.req.query("instanceId");
  if (!instanceId) return respond(c, refuse("ARGS_IS_NULL", "instanceId is missing in the address"));
  const body = await readBody(c.req.raw);
  if (body === null) {
    return c.json(refuse("PAYLOAD_LONG", `The body is longer than ${MAX_BODY_BYTES} bytes`), 413);
  }
  const instance = deps.catalog.instance(instanceId);
  const now = deps.clock.now();
  if (instance && !deps.rateLimit.take(instanceId, now)) {
    c.header("Retry-After", "1");
    return c.json(refuse("SYSTEM_BUSY", "Too many pushes for this instance: come back in a second"), 429);
  }
  if (instance?.signature) {
    const { pathname, search } = new URL(c.req.url);
    const pathAndQuery = pathname + search;
    try {
      const verified = await deps.signatures.verifyRest({
        method: c.req.method,
        pathAndQuery,
        headers: c.req.raw.headers,
        body,
        instance,
        now,
      });
      if (!verified.ok) return respond(c, refuse("SIGNATURE_INVALID", verified.detail));
    } catch (error) {
      deps.failed(error);
      return respond(c, refuse("SYSTEM_ERROR", "The signature could not be checked: nothing was promised"));
    }
  }
  const request = readPush(decode(body) ?? "", endpoint);
  if ("success" in request) return respond(c, request);
  if (!instance) return respond(c, refuse("INSTANCE_NOT_FOUND", `There is no instance ${instanceId.slice(0, 100)}`));
  return respond(c, await push(deps, instance, endpoint, request));
}

function respond(c: Context, answer: PushAnswer): Response {
  if (answer.msg === "SYSTEM_BUSY") c.header("Retry-After", RETRY_AFTER_S);
  return c.json(answer, statusOf(answer.msg));
}

/** The raw body, or null when it is too long; nothing past the limit is read. */
async function readBody(request: Request): Promise<Uint8Array | null> {
  const declared = request.headers.get("Content-Length");
  if (declared !== null) {
    return Number(declared) > MAX_BODY_BYTES ? null : new Uint8Array(await request.arrayBuffer());
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(body: Uint8Array): string | null {
  try {
    return utf8.decode(body);
  } catch {
    return null;
  }
}

const refuse = (msg: PushAnswer["msg"], detail: string): PushAnswer => ({ success: false, msg, detail });
