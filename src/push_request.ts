/** Reads the body of a push: PUSH-1's checks from "body readable" to "forms", in that order. Pure. */
import { compareVersions, parseVersion } from "../actors/eligibility.ts";
import type { PushAnswer, ResultCode } from "./result_codes.ts";

/** A push as read: absent fields are null. */
export type PushRequest = {
  bizType: string;
  /** User or device id, by the config's target; "" on global. */
  linkToken: string;
  thirdMsgId: string;
  payload: string;
  /** `payload` is base64 of raw bytes, as it came. */
  binary: boolean;
  osType: string | null;
  appMinVersion: string | null;
  appMaxVersion: string | null;
  /** ms since 1970. */
  validTimeEnd: number | null;
};

export type Endpoint = "single" | "global";

/** A refusal on the way through the checks. */
class Refusal extends Error {
  constructor(readonly msg: ResultCode, readonly detail: string) {
    super(detail);
  }
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Longest values in UTF-16 units (PUSH-2). */
const LONGEST: readonly [field: string, max: number, code: ResultCode][] = [
  ["thirdMsgId", 100, "THIRD_MSG_ID_LONG"],
  ["payload", 4096, "PAYLOAD_LONG"],
  ["binaryPayload", 4096, "PAYLOAD_LONG"],
  ["bizType", 30, "ARGS_ILLEGAL"],
  ["linkToken", 100, "ARGS_ILLEGAL"],
  ["osType", 10, "ARGS_ILLEGAL"],
  ["appMinVersion", 20, "ARGS_ILLEGAL"],
  ["appMaxVersion", 20, "ARGS_ILLEGAL"],
  ["validTimeEnd", 13, "ARGS_ILLEGAL"],
];

/** Parses the raw body; a refusal comes back as the answer to give. */
export function readPush(body: string, endpoint: Endpoint): PushRequest | PushAnswer {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { success: false, msg: "ARGS_ILLEGAL", detail: "The body is not JSON" };
  }
  return checkPush(parsed, endpoint);
}

/** The same for a body that is parsed already (the admin API's "send data"). */
export function checkPush(body: unknown, endpoint: Endpoint): PushRequest | PushAnswer {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return { success: false, msg: "ARGS_ILLEGAL", detail: "The body must be a JSON object" };
  }
  const fields = (endpoint === "global" ? { ...body, linkToken: undefined } : body) as Record<string, unknown>;
  try {
    checkPresent(fields, endpoint);
    checkLengths(fields);
    return checkForms(fields, endpoint);
  } catch (error) {
    if (error instanceof Refusal) return { success: false, msg: error.msg, detail: error.detail };
    throw error;
  }
}

const absent = (value: unknown) => value === undefined || value === null || value === "";

function checkPresent(fields: Record<string, unknown>, endpoint: Endpoint): void {
  if (absent(fields.thirdMsgId)) throw new Refusal("THIRDMSGID_IS_NULL", "thirdMsgId is missing");
  for (const field of endpoint === "single" ? ["bizType", "linkToken"] : ["bizType"]) {
    if (absent(fields[field])) throw new Refusal("ARGS_IS_NULL", `${field} is missing`);
  }
  if (absent(fields.payload) && absent(fields.binaryPayload)) {
    throw new Refusal("ARGS_IS_NULL", "payload or binaryPayload is missing");
  }
}

function checkLengths(fields: Record<string, unknown>): void {
  for (const [field, max, code] of LONGEST) {
    const value = fields[field];
    const length = typeof value === "string" ? value.length : typeof value === "number" ? String(value).length : 0;
    if (length > max) throw new Refusal(code, `${field} has ${length} characters, at most ${max} are allowed`);
  }
}

function checkForms(fields: Record<string, unknown>, endpoint: Endpoint): PushRequest {
  const illegal = (field: string, rule: string) => new Refusal("ARGS_ILLEGAL", `${field} ${rule}`);
  const text = (field: string): string | null => {
    const value = fields[field];
    if (absent(value)) return null;
    if (typeof value !== "string") throw illegal(field, "must be a string");
    if (!value.isWellFormed()) throw illegal(field, "holds a lone surrogate");
    return value;
  };
  const id = (field: string): string | null => {
    const value = text(field);
    if (value !== null && CONTROL.test(value)) throw illegal(field, "holds a control character");
    return value;
  };
  const version = (field: string): string | null => {
    const value = id(field);
    if (value !== null && parseVersion(value) === undefined) {
      throw illegal(field, "must be a dotted version, each part with a leading digit");
    }
    return value;
  };
  const payload = text("payload"), binary = text("binaryPayload");
  if (payload !== null && binary !== null) {
    throw illegal("binaryPayload", "must not stand beside payload: give one of the two");
  }
  if (binary !== null && !BASE64.test(binary)) throw illegal("binaryPayload", "must be base64");
  const appMinVersion = version("appMinVersion"), appMaxVersion = version("appMaxVersion");
  if (appMinVersion !== null && appMaxVersion !== null) {
    if (compareVersions(parseVersion(appMinVersion)!, parseVersion(appMaxVersion)!) > 0) {
      throw illegal("appMinVersion", "must not be above appMaxVersion");
    }
  }
  return {
    bizType: id("bizType")!,
    linkToken: endpoint === "single" ? id("linkToken")! : "",
    thirdMsgId: id("thirdMsgId")!,
    payload: payload ?? binary!,
    binary: payload === null,
    osType: id("osType"),
    appMinVersion,
    appMaxVersion,
    validTimeEnd: millis(fields.validTimeEnd, illegal),
  };
}

function millis(value: unknown, illegal: (field: string, rule: string) => Refusal): number | null {
  if (absent(value)) return null;
  const digits = typeof value === "number" ? String(value) : value;
  if (typeof digits !== "string" || !/^\d{1,13}$/.test(digits)) {
    throw illegal("validTimeEnd", "must be ms since 1970, at most 13 digits");
  }
  return Number(digits);
}
