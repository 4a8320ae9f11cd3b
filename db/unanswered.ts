import { Buffer } from "node:buffer";

const [QUERY, SYNC, FLUSH, READY] = ["Q", "S", "H", "Z"].map((type) => type.charCodeAt(0));
const NOTHING = Buffer.alloc(0);

/**
 * Whether the database still owes an answer on a connection, by the heads of the messages in both directions: a query and
 * a sync are each answered by "ready", and so is the very first message.
 */
export class Unanswered {
  #owed = 0;
  /** A flush asks for the first part of an answer, the sync that follows for the rest of the same one. */
  #flushed = false;
  /** Bytes until the next head. */
  #skip = 0;
  /** The beginning of a head. */
  #head: Buffer = NOTHING;

  get any(): boolean {
    return this.#owed > 0;
  }

  /** @param bytes whole messages, as the driver writes them */
  sent(bytes: Buffer): void {
    if (bytes[0] === 0) this.#owed++; // the first message has no type, and begins with its length
    else for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) this.#ask(bytes[at]!);
  }

  /** @param chunk what came, cut anywhere */
  heard(chunk: Buffer): void {
    const bytes = this.#head.length > 0 ? Buffer.concat([this.#head, chunk]) : chunk;
    let at = this.#skip;
    for (; at + 5 <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) if (bytes[at] === READY) this.#owed--;
    this.#head = at < bytes.length ? Buffer.from(bytes.subarray(at)) : NOTHING;
    this.#skip = Math.max(0, at - bytes.length);
  }

  #ask(type: number): void {
    if (type === QUERY || type === FLUSH || type === SYNC && !this.#flushed) this.#owed++;
    if (type === FLUSH) this.#flushed = true;
    else if (type === SYNC) this.#flushed = false;
  }
}
