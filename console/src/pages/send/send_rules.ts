import type { Config } from "../../api/configs.ts";
import type { PushBody, PushDetail } from "../../api/pushes.ts";
import type { Messages } from "../../i18n/messages.ts";

/** What the form holds (CON-3). */
export interface SendValues {
  bizType: string;
  owner: string;
  content: string;
  binary: boolean;
  thirdMsgId: string;
  /** Of {@link SYSTEMS}, or what an earlier push was filtered by; empty: all. */
  system: string;
  minVersion: string;
  maxVersion: string;
  days: number;
}

export const SYSTEMS = ["Android", "iOS", "Harmony"] as const;
export const LONGEST_CONTENT = 4096;
export const LONGEST_ID = 100;
const DAY_MS = 24 * 3600_000;

/** A ready-made unique id; says where it comes from. */
export function newThirdMsgId(): string {
  return `console-${crypto.randomUUID()}`;
}

export function emptyPush(bizType: string): SendValues {
  return {
    bizType,
    owner: "",
    content: "",
    binary: false,
    thirdMsgId: newThirdMsgId(),
    system: "",
    minVersion: "",
    maxVersion: "",
    days: 30,
  };
}

/** An earlier push as the start of a new one: everything but its unique id and its validity. */
export function pushAgain(push: PushDetail): SendValues {
  const system = push.osType ?? "";
  return {
    ...emptyPush(push.bizType),
    owner: push.owner,
    content: push.payload ?? "",
    binary: push.binary,
    system: SYSTEMS.find((one) => one.toLowerCase() === system.toLowerCase()) ?? system,
    minVersion: push.appMinVersion ?? "",
    maxVersion: push.appMaxVersion ?? "",
  };
}

/** What is wrong with an id, if anything (PUSH-1). */
export function idProblem(value: string, label: string, t: Messages): string | undefined {
  if (value.length > LONGEST_ID) return t.common.tooLong(label, LONGEST_ID);
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(value)) return t.send.control;
  return value.isWellFormed() ? undefined : t.send.lone;
}

/** What is wrong with the content, if anything; length counts as the API counts it (PUSH-2). */
export function contentProblem(value: string, binary: boolean, t: Messages): string | undefined {
  if (value.length > LONGEST_CONTENT) return t.common.tooLong(t.send.content, LONGEST_CONTENT);
  if (binary) return isBase64(value) ? undefined : t.send.contentBase64;
  return value.isWellFormed() ? undefined : t.send.lone;
}

function isBase64(value: string): boolean {
  return value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

/** Parts of dotted numbers, or nothing where a part does not begin with a digit (FLT-2). */
function versionParts(version: string): number[] | undefined {
  const parts = version.split(".").map((part) => /^\d+/.exec(part)?.[0]);
  return parts.every((part) => part !== undefined) ? parts.map(Number) : undefined;
}

export function versionProblem(version: string, t: Messages): string | undefined {
  if (version === "") return undefined;
  if (version.length > 20) return t.common.tooLong(t.send.versionRange, 20);
  return versionParts(version) === undefined ? t.send.versionRule : undefined;
}

/** Whether the range has its lowest above its highest. */
export function isInverted(min: string, max: string): boolean {
  const [low, high] = [versionParts(min), versionParts(max)];
  if (min === "" || max === "" || low === undefined || high === undefined) return false;
  for (let i = 0; i < Math.max(low.length, high.length); i++) {
    const difference = (low[i] ?? 0) - (high[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/**
 * The REST body. Ids are cut to what was meant, since blanks come along when they are pasted; but the owner of an earlier push
 * is taken as it is. A validity as long as the retention is left to the server, which takes the retention's end.
 */
export function bodyOf(values: SendValues, config: Config, now: number, earlierOwner?: string): PushBody {
  const owner = values.owner === earlierOwner ? values.owner : values.owner.trim();
  const thirdMsgId = values.thirdMsgId.trim();
  return {
    bizType: values.bizType,
    ...(config.scope === "single" && { linkToken: owner }),
    ...(thirdMsgId !== "" && { thirdMsgId }),
    ...(values.binary ? { binaryPayload: values.content } : { payload: values.content }),
    ...(values.system !== "" && { osType: values.system }),
    ...(values.minVersion !== "" && { appMinVersion: values.minVersion }),
    ...(values.maxVersion !== "" && { appMaxVersion: values.maxVersion }),
    ...(config.persistent && values.days < config.retentionDays && { validTimeEnd: now + values.days * DAY_MS }),
  };
}
