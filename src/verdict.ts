import { z } from "zod";
import type { Consistency as Verdict } from "./protocol.ts";

/** A verdict and one sentence for operators that says why. */
export type Reading = { verdict: Verdict; detail: string };

/** Real tenants write objects as JSON text, too (SES-3). */
const ObjectOrText = z.preprocess(
  (value) => typeof value === "string" ? parse(value) : value,
  z.record(z.string(), z.unknown()),
);

/**
 * Reads a tenant's answer as SES-3 says. Valid: success true, valid true, and sid, where present, equals the sessionId
 * sent. Invalid: success true and otherwise. Anything else is unknown, success false included.
 *
 * @param status the HTTP status; all but 2xx are unknown, redirects included
 */
export function readVerdict(status: number, bodyText: string, sessionId: string): Reading {
  if (status >= 300 && status < 400) return unknown(`The address redirects (HTTP ${status}), which is not followed`);
  if (status < 200 || status > 299) return unknown(`The address answered HTTP ${status}`);
  const body = ObjectOrText.safeParse(bodyText).data;
  if (body === undefined) return unknown("The answer is not a JSON object");
  const answer = ObjectOrText.safeParse(body.response).data ?? body;
  if (!isTrue(answer.success)) {
    return unknown(answer.success === undefined ? "The answer has no success" : "The answer's success is not true");
  }
  const result = ObjectOrText.safeParse(answer.result).data;
  if (result === undefined) return invalid("success is true, but result is no object");
  if (!isTrue(result.valid)) return invalid("success is true, but result.valid is not");
  if (isPresent(result.sid) && asText(result.sid) !== sessionId) {
    return invalid("result.sid is another than the sessionId that was sent");
  }
  return { verdict: "valid", detail: "success and result.valid are true" };
}

function isTrue(value: unknown): boolean {
  return value === true || (typeof value === "string" && value.trim().toLowerCase() === "true");
}

/** Nothing but text and numbers is an id; an object may not even have a text. */
function asText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text, exactly);
  } catch {
    return undefined;
  }
}

/** A sid may be a number with more digits than numbers here have: it stays the text that it was. */
function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) ? context?.source ?? value : value;
}

function unknown(detail: string): Reading {
  return { verdict: "unknown", detail };
}

function invalid(detail: string): Reading {
  return { verdict: "invalid", detail };
}
