/**
 * Reads the server's frames. The server's schemas stay on the server (they would weigh more than the whole client), so
 * this checks by hand what the core relies on. Unknown fields are kept out of the way, an unknown `type` is skipped.
 */
import type { Batch, Op, Point, ServerFrame } from "../../src/protocol.ts";

type Json = Record<string, unknown>;

export const SCOPES = ["user", "device", "global", "globalUser"];

/** @returns the frame, `"unknown"` for a type of a later version, or null for what cannot be read */
export function parseFrame(text: unknown): ServerFrame | "unknown" | null {
  if (typeof text !== "string") return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || typeof value.type !== "string") return null;
  const check = CHECKS[value.type];
  if (!check) return "unknown";
  // The checks below are the proof that TypeScript cannot see.
  return check(value) ? value as ServerFrame : null;
}

const CHECKS: Record<string, (frame: Json) => boolean> = {
  welcome: (f) =>
    isText(f.epoch) && isId(f.serverTime) && isId(f.heartbeatMs) && f.heartbeatMs > 0 &&
    (f.user === undefined || (isObject(f.user) && isText(f.user.userId))),
  bound: (f) => (f.n === undefined || isId(f.n)) && (f.userId === null || isText(f.userId)),
  sync: (f) => isArrayOf(f.batches, isBatch),
  reset: (f) => isText(f.epoch) && isArrayOf(f.points, isPoint),
  command: (f) => isText(f.biz) && (f.command === "online" || f.command === "offline"),
  pong: (f) => isId(f.n),
  ping: (f) => typeof f.n === "number",
  error: (f) => isText(f.code) && isText(f.message),
};

function isBatch(value: unknown): value is Batch {
  if (!isObject(value) || !isScope(value.scope) || !isText(value.biz) || !isArrayOf(value.ops, isOp)) return false;
  const { from, to, late, gone } = value;
  if ((from === undefined) !== (to === undefined)) return false;
  const interval = from === undefined || (isId(from) && isId(to));
  return interval && (late === undefined || late === true) && (gone === undefined || isArrayOf(gone, isId));
}

export function isOp(value: unknown): value is Op {
  return isObject(value) && isId(value.id) && isText(value.mid) && isId(value.at) && isText(value.pl) &&
    (value.isB === undefined || value.isB === true);
}

function isPoint(value: unknown): value is Point {
  return Array.isArray(value) && isScope(value[0]) && isText(value[1]) && isId(value[2]);
}

export const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;
const isText = (value: unknown): value is string => typeof value === "string";
const isScope = (value: unknown) => isText(value) && SCOPES.includes(value);
export const isId = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isArrayOf = <T>(value: unknown, is: (item: unknown) => item is T): value is T[] =>
  Array.isArray(value) && value.every(is);
