import type { Push, PushKey } from "../api/pushes.ts";

/** The push that the address opens: `push=BIZ.123`, `for=owner`. */
export function readPushLink(get: (name: string) => string): PushKey | null {
  const match = /^([A-Za-z0-9_-]+)\.(\d+)$/.exec(get("push"));
  const [, bizType, id] = match ?? [];
  return bizType === undefined || id === undefined ? null : { bizType, id: Number(id), owner: get("for") };
}

export function pushLink(push: Pick<Push, "bizType" | "id" | "owner">): { push: string; for: string } {
  return { push: `${push.bizType}.${push.id}`, for: push.owner };
}
