import { Buffer } from "node:buffer";
import { z } from "@hono/zod-openapi";
import { Refused } from "../../../db/refused.ts";

/** What positions are made of, within what the database can compare them with: anybody can make up a cursor. */
export const Whole = z.number().int().min(0);
/** The number of a config. */
export const ConfigNo = Whole.max(2_147_483_647);
export const Word = z.string().max(200).refine((word) => word.isWellFormed() && !word.includes("\0"));

/** Where a page ended, as opaque text: callers hand it back as it is. */
export function writeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** @throws {Refused} `ARGS_ILLEGAL` for what `writeCursor` did not write. */
export function readCursor<T extends z.ZodType>(schema: T, cursor: string | undefined): z.infer<T> | undefined {
  if (cursor === undefined) return undefined;
  const parsed = schema.safeParse(parse(cursor));
  if (parsed.success) return parsed.data;
  throw new Refused("ARGS_ILLEGAL", "cursor must be the `next` of an earlier answer", "cursor");
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    return undefined;
  }
}
