import type { NewOp } from "../../db/oplog.ts";

const DAY_MS = 86_400_000;
let count = 0;

/** A push on its way into the log, with a mid of its own. */
export function newOp(config: number, fields: Partial<NewOp> = {}): NewOp {
  const at = fields.at ?? Date.now();
  return {
    config,
    owner: "u-1",
    mid: `mid-${++count}`,
    at,
    validUntil: at + 30 * DAY_MS,
    early: false,
    payload: "hello",
    binary: false,
    os: null,
    minVersion: null,
    maxVersion: null,
    ...fields,
  };
}
