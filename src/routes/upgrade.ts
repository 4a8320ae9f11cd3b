import { SUBPROTOCOL } from "../protocol.ts";

/** What the request is told when it is no upgrade to a WebSocket. */
export function notWebSocket(request: Request): Response | undefined {
  if (request.headers.get("upgrade")?.toLowerCase() === "websocket") return undefined;
  return new Response("This is a WebSocket endpoint\n", { status: 426, headers: { Upgrade: "websocket" } });
}

/** A refusal before the upgrade. */
export function later(status: 429 | 503): Response {
  return new Response("Come back later\n", { status, headers: { "Retry-After": "10" } });
}

/** @returns undefined where the request is no handshake that can be answered */
export function upgradeWebSocket(request: Request): Deno.WebSocketUpgrade | undefined {
  const offered = request.headers.get("sec-websocket-protocol")?.split(",").map((name) => name.trim()) ?? [];
  const protocol = offered.includes(SUBPROTOCOL) ? { protocol: SUBPROTOCOL } : {};
  try {
    // our own pings watch idle sockets
    return Deno.upgradeWebSocket(request, { idleTimeout: 0, ...protocol });
  } catch {
    return undefined;
  }
}

/** The answer to a handshake that cannot be read. */
export const badHandshake = () => new Response("This is no WebSocket handshake of version 13\n", { status: 400 });
