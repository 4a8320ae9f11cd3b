import { Buffer } from "node:buffer";

/** How a payload lies in the log: `t` text as it came, `j` JSON-escaped text (it holds a NUL), `b` base64 as it came. */
export type Encoding = "t" | "j" | "b";

/** Postgres text cannot hold NUL; such a payload is stored JSON-escaped and comes out as it went in (PUSH-7). */
export function storedForm(payload: string, binary: boolean): { enc: Encoding; payload: string } {
  if (binary) return { enc: "b", payload };
  return payload.includes("\0") ? { enc: "j", payload: JSON.stringify(payload) } : { enc: "t", payload };
}

/** An op's wire form (docs/protocol.md, `ops`), encoded once for all who get it, and its size in bytes of UTF-8. */
export function wireForm(
  op: { id: number; mid: string | null; at: number; enc: Encoding; payload: string },
): { json: string; bytes: number } {
  const pl = op.enc === "j" ? op.payload : JSON.stringify(op.payload);
  const binary = op.enc === "b" ? `,"isB":true` : "";
  const json = `{"id":${op.id},"mid":${JSON.stringify(op.mid ?? "")},"at":${op.at},"pl":${pl}${binary}}`;
  return { json, bytes: Buffer.byteLength(json) };
}
