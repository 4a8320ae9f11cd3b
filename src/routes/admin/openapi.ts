import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { PushAnswer, PushBody } from "./push_schemas.ts";
import { body, json } from "./schemas.ts";

const InstanceQuery = z.object({ instanceId: z.string().openapi({ example: "default_demo" }) });

/** The push API (PUSH-1 to PUSH-7), described only: its route checks in its own order. */
const pushRoutes = ["/webapi/sync/single", "/webapi/sync/global", "/webapi-sync/single"].map((path) =>
  createRoute({
    method: "post",
    path,
    tags: ["Push"],
    summary: path.endsWith("global") ? "Push to everybody" : "Push to one user or device",
    security: [{ signature: [], timestamp: [], nonce: [] }],
    request: { query: InstanceQuery, body: body(PushBody) },
    responses: {
      200: json(PushAnswer, "Every business answer, refusals included"),
      401: json(PushAnswer, "SIGNATURE_INVALID: signatures are on and this one is missing or wrong"),
      413: json(PushAnswer, "Body over 64 KiB"),
      429: json(PushAnswer, "Over the rate limit"),
      503: json(PushAnswer, "SYSTEM_BUSY: overloaded or draining, see Retry-After"),
    },
  })
);

/** Serves `/openapi.json`, for the admin API and the push API. */
export function describe(app: OpenAPIHono): void {
  const schemes = app.openAPIRegistry;
  schemes.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  schemes.registerComponent("securitySchemes", "cookie", { type: "apiKey", in: "cookie", name: "syncline_session" });
  for (const [name, header] of [["signature", "Signature"], ["timestamp", "Timestamp"], ["nonce", "Nonce"]] as const) {
    schemes.registerComponent("securitySchemes", name, { type: "apiKey", in: "header", name: `X-Sync-${header}` });
  }
  for (const route of pushRoutes) schemes.registerPath(route);
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: { title: "Syncline", version: "1", description: "Push API and admin API of a mobile sync service" },
    security: [{ bearer: [] }, { cookie: [] }],
  });
}
