/**
 * Ends a WebSocket whose other side does not answer the close. The runtime has no call for this: it waits for the
 * answer for ever, and the socket with what was received of an unfinished message stays in memory. So this reaches into
 * the runtime (docs/adr/0012-cutting-off-silent-peers.md); where its insides differ, nothing happens.
 *
 * @returns whether the connection was cut
 */
export function terminate(ws: WebSocket): boolean {
  if (ws.readyState === WebSocket.CLOSED) return false;
  const handle = Object.getOwnPropertySymbols(ws).find((symbol) => symbol.description === "[[rid]]");
  const rid: unknown = handle && Reflect.get(ws, handle);
  const close = runtimeClose();
  if (typeof rid !== "number" || close === undefined) return false;
  close(rid);
  return true;
}

/** Handles are never given out twice, so that a late call cannot hit another connection. */
function runtimeClose(): ((rid: number) => void) | undefined {
  const internal = property(Deno, property(Deno, "internal"));
  const close = property(property(internal, "core"), "tryClose");
  return typeof close === "function" ? (rid) => void close(rid) : undefined;
}

function property(of: unknown, name: unknown): unknown {
  if (typeof of !== "object" || of === null) return undefined;
  return typeof name === "string" || typeof name === "symbol" ? Reflect.get(of, name) : undefined;
}
