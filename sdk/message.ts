/** From an op to what the app is handed, and back to what it reports. */
import type { Effect, Report } from "./core/model.ts";
import type { PayloadSchema, RawPayload } from "./types.ts";

type Deliver = Extract<Effect, { type: "deliver" }>;

/** Lets a payload through a schema: the value of its JSON if it is JSON, else the text; bytes as they are. */
export function readPayload<T>(op: Deliver["ops"][number], schema: PayloadSchema<T> | undefined): T | RawPayload {
  const raw = op.isB ? fromBase64(op.pl) : op.pl;
  if (!schema) return raw;
  return schema.parse(typeof raw === "string" ? jsonOrText(raw) : raw);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

export function reportOf(effect: Deliver, ids: readonly number[]): Report {
  return { biz: effect.biz, userId: effect.userId, ids, key: effect.key, epoch: effect.epoch };
}
