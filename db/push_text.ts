import type { Encoding } from "./payload.ts";

/** A stored payload as it came (PUSH-7); null where it is no longer kept. */
export function textOf(enc: Encoding, payload: string | null): string | null {
  if (payload === null || enc !== "j") return payload;
  const text: unknown = JSON.parse(payload);
  return typeof text === "string" ? text : payload;
}
