/** What the app is handed, and how it says that it has it. */
import type { Effect, Report } from "./core/model.ts";

type Deliver = Extract<Effect, { type: "deliver" }>;

/** Anything with a `parse`: zod, valibot's and arktype's wrappers, or a function of your own in an object. */
export interface PayloadSchema<T> {
  /** @throws if the payload is not what it should be; the message is then not reported */
  parse(value: unknown): T;
}

/** Text as it was pushed, or the bytes of a binary payload. */
export type RawPayload = string | Uint8Array;

export interface SyncMessageOf<T> {
  /** Increasing within one biz and owner; 0 for messages of a config that is not persistent. */
  readonly id: number;
  /** The pusher's `thirdMsgId`. */
  readonly messageId: string;
  readonly biz: string;
  /** The user it is for; empty for a device's while nobody is logged in. */
  readonly userId: string;
  /** When the server accepted it. */
  readonly sentAt: Date;
  readonly payload: T;
  /** It comes out of order, because it was held back or was another device's first. */
  readonly late: boolean;
  /** Says that the app has it for good. Only needed with `manual`. */
  received(): void;
}

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
