/**
 * The closed table of WebSocket close codes (docs/protocol.md): the name goes into the close reason, `retry` says what
 * the client's SDK does.
 */
export const CLOSE_CODES = {
  1001: { name: "going-away", retry: "hint" },
  1011: { name: "unresponsive", retry: "yes" },
  4000: { name: "resync", retry: "yes" },
  4400: { name: "bad-frame", retry: "no" },
  4401: { name: "signature-invalid", retry: "once" },
  4403: { name: "kicked", retry: "no" },
  4404: { name: "instance-unknown", retry: "no" },
  4408: { name: "hello-timeout", retry: "yes" },
  4409: { name: "replaced", retry: "no" },
  4410: { name: "slow-consumer", retry: "yes" },
  4413: { name: "frame-too-large", retry: "no" },
  4426: { name: "protocol-unsupported", retry: "no" },
  4429: { name: "rate-limited", retry: "hint" },
  4503: { name: "overloaded", retry: "hint" },
} as const;

export type CloseCode = keyof typeof CLOSE_CODES;

/** Hints that ride in the close reason, e.g. `{ "retry-after-ms": 8000 }`. */
export type CloseHints = Partial<Record<"retry-after-ms" | "seq" | "server-time-ms", number>>;

/** The close reason: name, hints, then a detail, cut to the 123 bytes that a close frame can carry. */
export function closeReason(code: CloseCode, hints: CloseHints = {}, detail = ""): string {
  const parts = [CLOSE_CODES[code].name, ...Object.entries(hints).map(([k, v]) => `${k}=${v}`)];
  const reason = detail ? `${parts.join(" ")}: ${detail}` : parts.join(" ");
  const bytes = new TextEncoder().encode(reason);
  if (bytes.length <= 123) return reason;
  return new TextDecoder().decode(bytes.subarray(0, 120)).replace(/\uFFFD+$/, "");
}
