import type { Context } from "hono";
import { z } from "zod";

const ServeInfo = z.object({ remoteAddr: z.object({ hostname: z.string() }) });

/** The caller's network address, as `Deno.serve` hands it in; empty where there is none. Behind a proxy, the proxy's. */
export function addressOf(c: Context): string {
  const info = ServeInfo.safeParse(c.env);
  return info.success ? info.data.remoteAddr.hostname : "";
}
