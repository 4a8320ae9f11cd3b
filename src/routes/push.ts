import { type Bodies, BODY_MS, MAX_BODY_BYTES } from "../body.ts";
import { push, type PushDeps } from "../push.ts";
import { type Endpoint, readPush } from "../push_request.ts";
import type { RateLimit } from "../rate_limit.ts";
import { type PushAnswer, statusOf } from "../result_codes.ts";
import type { Signatures } from "../signature.ts";

export type PushRouteDeps = PushDeps & {
  signatures: Pick<Signatures, "verifyRest">;
  rateLimit: RateLimit;
  bodies: Bodies;
  /** Whether new pushes are refused because the server is stopping (OPS-3). */
  draining: () => boolean;
  /** Whether so many pushes wait for the database that no more are read. */
  overloaded: (instanceId: string) => boolean;
  received: () => void;
  /** A push is answered with `success` false. */
  refused: (code: PushAnswer["msg"]) => void;
};

const RETRY_AFTER_S = "2";

const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map([
  ["/webapi/sync/single", "single"],
  ["/webapi/sync/global", "global"],
  ["/webapi-sync/single", "single"],
]);

/**
 * The business API (spec: PUSH), at the paths that existing callers use: answers a push, and nothing else (null).
 * It stands before the router, whose share of a push would be larger than the parsing's.
 */
export function pushHandler(deps: PushRouteDeps): (request: Request) => Promise<Response> | null {
  return (request) => {
    if (request.method !== "POST") return null;
    const path = request.url.indexOf("/", ORIGIN), query = request.url.indexOf("?", path);
    const endpoint = ENDPOINTS.get(request.url.slice(path, query < 0 ? undefined : query));
    if (endpoint === undefined) return null;
    const pathAndQuery = request.url.slice(path);
    return handle(deps, request, endpoint, pathAndQuery);
  };
}

/** Where the host begins in an address: after `http://`. */
const ORIGIN = 8;

async function handle(
  deps: PushRouteDeps,
  request: Request,
  endpoint: Endpoint,
  pathAndQuery: string,
): Promise<Response> {
  deps.received();
  if (deps.draining()) return respond(deps, refuse("SYSTEM_BUSY", "The server is stopping: come back in a moment"));
  const instanceId = instanceIdIn(pathAndQuery.slice(pathAndQuery.indexOf("?") + 1));
  if (!instanceId) return respond(deps, refuse("ARGS_IS_NULL", "instanceId is missing in the address"));
  if (deps.overloaded(instanceId)) {
    return respond(deps, refuse("SYSTEM_BUSY", "Too many pushes are waiting: come back later"));
  }
  const body = await deps.bodies.read(request);
  if (typeof body === "string") return refuseBody(deps, body);
  const instance = deps.catalog.instance(instanceId);
  const now = deps.clock.now();
  if (instance && !deps.rateLimit.take(instanceId, now)) {
    return answer(deps, refuse("SYSTEM_BUSY", "Too many pushes for this instance: come back in a second"), 429, "1");
  }
  if (instance?.signature) {
    try {
      const { method, headers } = request;
      const verified = await deps.signatures.verifyRest({ method, pathAndQuery, headers, body, instance, now });
      if (!verified.ok) return respond(deps, refuse("SIGNATURE_INVALID", verified.detail));
    } catch (error) {
      deps.failed(error);
      return respond(deps, refuse("SYSTEM_ERROR", "The signature could not be checked: nothing was promised"));
    }
  }
  const parsed = readPush(decode(body) ?? "", endpoint);
  if ("success" in parsed) return respond(deps, parsed);
  if (!instance) return respond(deps, refuse("INSTANCE_NOT_FOUND", `There is no instance ${instanceId.slice(0, 100)}`));
  return respond(deps, await push(deps, instance, endpoint, parsed));
}

/** Nearly always it is all there is, without escapes. */
function instanceIdIn(query: string): string | null {
  return PLAIN_ID.exec(query)?.[1] ?? new URLSearchParams(query).get("instanceId");
}
const PLAIN_ID = /^instanceId=([\w.-]+)$/;

function respond(deps: PushRouteDeps, given: PushAnswer): Response {
  return answer(deps, given, statusOf(given.msg), given.msg === "SYSTEM_BUSY" ? RETRY_AFTER_S : undefined);
}

function answer(deps: PushRouteDeps, given: PushAnswer, status: number, retryAfter?: string): Response {
  if (!given.success) deps.refused(given.msg);
  const headers: [string, string][] = [["Content-Type", "application/json"]];
  if (retryAfter !== undefined) headers.push(["Retry-After", retryAfter]);
  return new Response(JSON.stringify(given), { status, headers });
}

function refuseBody(deps: PushRouteDeps, why: "long" | "late" | "broken"): Response {
  if (why === "long") {
    return answer(deps, refuse("PAYLOAD_LONG", `The body is longer than ${MAX_BODY_BYTES} bytes`), 413);
  }
  const detail = why === "late" ? `The body did not arrive within ${BODY_MS / 1000} s` : "The body was cut off";
  return respond(deps, refuse("ARGS_ILLEGAL", detail));
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
