/** A WebSocket client that can say what no honest one would: any bytes, in any frame, at any time. */

export type WireFrame = { opcode: number; fin?: boolean; payload: Uint8Array; masked?: boolean };

const HANDSHAKE = "GET /sync HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Protocol: syncline.v1\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const text = (payload: string): WireFrame => ({ opcode: 1, payload: encoder.encode(payload) });

/** A frame as it goes over the wire, with a mask of zeros. */
export function encode({ opcode, fin = true, payload, masked = true }: WireFrame): Uint8Array {
  const size = payload.length;
  const wide = size < 126 ? 0 : size < 65_536 ? 2 : 8;
  const head = new Uint8Array(2 + wide + (masked ? 4 : 0));
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = (masked ? 0x80 : 0) | (wide === 0 ? size : wide === 2 ? 126 : 127);
  const view = new DataView(head.buffer);
  if (wide === 2) view.setUint16(2, size);
  if (wide === 8) view.setBigUint64(2, BigInt(size));
  const frame = new Uint8Array(head.length + size);
  frame.set(head);
  frame.set(payload, head.length);
  return frame;
}

/** One connection; what the server says is parsed as it comes. */
export class Wire {
  /** Types of the server's frames, in order. */
  readonly seen: string[] = [];
  /** The server's close: its code and reason; code 0 when the connection ended without one. */
  closed: { code: number; reason: string } | null = null;
  readonly #pongs = new Set<number>();
  readonly #conn: Deno.TcpConn;
  #buffer = new Uint8Array(0);
  #upgraded = false;
  #wake: (() => void) | null = null;
  #reading: Promise<void> = Promise.resolve();

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async open(port: number): Promise<Wire> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const wire = new Wire(conn);
    wire.#reading = wire.#read();
    await wire.send(encoder.encode(HANDSHAKE));
    await wire.until(() => wire.#upgraded);
    return wire;
  }

  async send(bytes: Uint8Array): Promise<void> {
    try {
      for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
    } catch {
      await this.#reading; // the server has gone: it says why, or said so before
    }
  }

  ponged(n: number): boolean {
    return this.#pongs.has(n);
  }

  /** Waits until the condition holds or the connection is over. @returns whether that was in time */
  async until(condition: () => boolean, ms = 30_000): Promise<boolean> {
    const deadline = Date.now() + ms;
    while (!condition() && !this.closed) {
      const left = deadline - Date.now();
      if (left <= 0) return false;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, left);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#conn.close();
    } catch {
      // it is closed already
    }
    await this.#reading;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let n = await this.#conn.read(buffer); n !== null; n = await this.#conn.read(buffer)) {
        const joined = new Uint8Array(this.#buffer.length + n);
        joined.set(this.#buffer);
        joined.set(buffer.subarray(0, n), this.#buffer.length);
        this.#buffer = joined;
        this.#parse();
        this.#wake?.();
      }
    } catch {
      // a reset is an end
    }
    this.closed ??= { code: 0, reason: "" };
    this.#wake?.();
  }

  #parse(): void {
    if (!this.#upgraded) {
      const head = decoder.decode(this.#buffer);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`Cannot upgrade: ${head.slice(0, 100)}`);
      this.#upgraded = true;
      this.#buffer = this.#buffer.slice(end + 4);
    }
    for (;;) {
      const view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length);
      if (this.#buffer.length < 2) return;
      const short = this.#buffer[1]! & 0x7f;
      const start = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (this.#buffer.length < start) return;
      const size = short === 126 ? view.getUint16(2) : short === 127 ? Number(view.getBigUint64(2)) : short;
      if (this.#buffer.length < start + size) return;
      const payload = this.#buffer.slice(start, start + size);
      this.#take(this.#buffer[0]! & 0x0f, payload);
      this.#buffer = this.#buffer.slice(start + size);
    }
  }

  #take(opcode: number, payload: Uint8Array): void {
    if (opcode === 8) {
      const code = payload.length >= 2 ? payload[0]! * 256 + payload[1]! : 1005;
      this.closed = { code, reason: decoder.decode(payload.slice(2)) };
    }
    if (opcode !== 1) return;
    const frame: unknown = JSON.parse(decoder.decode(payload));
    const { type, n } = frame as { type: string; n?: number };
    this.seen.push(type);
    if (type === "pong" && typeof n === "number") this.#pongs.add(n);
  }
}
