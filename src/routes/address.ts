import type { Context } from "hono";
import { z } from "zod";
import type { TrustedProxies } from "../trusted_proxies.ts";

const ServeInfo = z.object({ remoteAddr: z.object({ hostname: z.string() }) });

/** The caller's network address, from what `Deno.serve` hands in and trusted proxies say; empty where there is none. */
export function addressOf(c: Context, proxies: TrustedProxies): string {
  const info = ServeInfo.safeParse(c.env);
  return info.success ? proxies.addressOf(info.data.remoteAddr.hostname, c.req.header("X-Forwarded-For")) : "";
}
