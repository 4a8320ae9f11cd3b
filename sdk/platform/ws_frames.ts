import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Far above what the server sends; a longer one is an error and not a reason to fill memory. */
const LONGEST = 16 * 1024 * 1024;

/** One whole frame, masked as a client's must be. */
export function encodeFrame(opcode: number, body: Buffer): Buffer {
  const length = body.length;
  const extra = length < 126 ? 0 : length < 65536 ? 2 : 8;
  const frame = Buffer.alloc(2 + extra + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) frame.writeUInt16BE(length, 2);
  if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  mask.copy(frame, 2 + extra);
  const start = 6 + extra;
  for (let i = 0; i < length; i++) frame[start + i] = body[i]! ^ mask[i & 3]!;
  return frame;
}

export type WsMessage = { opcode: number; body: Buffer };

/** Cuts a stream of bytes into messages, whatever its pieces; fragments are put together. */
export class FrameReader {
  #bytes: Buffer = Buffer.alloc(0);
  #fragments: Buffer[] = [];
  #opcode = 0;

  /** @returns the messages that are complete, and why the rest cannot be read, if it cannot */
  push(chunk: Buffer): { messages: WsMessage[]; failed: string | null } {
    this.#bytes = this.#bytes.length ? Buffer.concat([this.#bytes, chunk]) : chunk;
    const messages: WsMessage[] = [];
    for (;;) {
      const frame = this.#next();
      if (frame === null) return { messages, failed: null };
      if (typeof frame === "string") return { messages, failed: frame };
      if (frame.opcode >= OPCODE.close) {
        messages.push(frame);
        continue;
      }
      if (frame.opcode !== OPCODE.continuation) this.#opcode = frame.opcode;
      this.#fragments.push(frame.body);
      if (!frame.fin) continue;
      messages.push({ opcode: this.#opcode, body: Buffer.concat(this.#fragments) });
      this.#fragments = [];
    }
  }

  #next(): (WsMessage & { fin: boolean }) | string | null {
    const bytes = this.#bytes;
    if (bytes.length < 2) return null;
    const [first, second] = [bytes[0]!, bytes[1]!];
    if (second & 0x80) return "a server must not mask";
    const short = second & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < start) return null;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (length > LONGEST) return "message too long";
    if (bytes.length < start + length) return null;
    this.#bytes = bytes.subarray(start + length);
    return { fin: (first & 0x80) !== 0, opcode: first & 0x0f, body: bytes.subarray(start, start + length) };
  }
}
