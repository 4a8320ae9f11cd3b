import { ClientFrame } from "./protocol.ts";

/** Why a frame cannot be read; `version` is what a hello says about its protocol, whatever else it says. */
export type Unreadable = { problem: string; version?: unknown };

/** Whether a text is longer than so many bytes of UTF-8. */
export function isLonger(data: string, limit: number): boolean {
  if (data.length > limit) return true;
  return data.length * 3 > limit && new TextEncoder().encode(data).length > limit;
}

/** Reads one text frame of a client. */
export function readFrame(data: string): ClientFrame | Unreadable {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return { problem: "the frame is not JSON" };
  }
  const { data: frame, error } = ClientFrame.safeParse(json);
  if (frame) return frame;
  const issue = error.issues[0]!;
  const problem = `${issue.path.join(".") || "frame"}: ${issue.message}`;
  const { type, protocol } = (json ?? {}) as { type?: unknown; protocol?: unknown };
  return type === "hello" ? { problem, version: protocol } : { problem };
}
