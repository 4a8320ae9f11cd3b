import { SUBPROTOCOL } from "../../../src/protocol.ts";

/** Where a server process listens. */
export type Address = { hostname: string; port: number };

/** How a connection ended: its close code and reason, 1006 where there was no close frame. */
export type Ended = { code: number; reason: string };

const CLOSE = 8, PING = 9, PONG = 10;
/** Room for the frames of most connections; those with longer ones grow. */
const ROOM = 2_048;

/**
 * A client's WebSocket on a bare TCP connection: some 4 KB each, so that one process holds very many of them. It reads
 * only while {@link run} does, which lets a test play a client that stops reading.
 */
export class Wire {
  readonly #connection: Deno.TcpConn;
  #bytes = new Uint8Array(ROOM);
  #filled = 0;
  #sending: Promise<unknown> = Promise.resolve();
  #over = false;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /**
   * @param opening told of the wire before it is open, so that one that takes too long can be cut
   * @throws when nobody listens, the answer is no upgrade, or it was cut.
   */
  static async open(address: Address, path = "/sync", opening: (wire: Wire) => void = () => {}): Promise<Wire> {
    const wire = new Wire(await Deno.connect(address));
    opening(wire);
    try {
      await wire.#upgrade(address, path);
      return wire;
    } catch (error) {
      wire.cut();
      throw error;
    }
  }

  async #upgrade({ hostname, port }: Address, path: string): Promise<void> {
    await writeAll(
      this.#connection,
      encoder.encode(
        `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n` +
          `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`,
      ),
    );
    for (;;) {
      if (!await this.#read()) throw new Error("Cannot upgrade: the connection was closed");
      const end = headerEnd(this.#bytes, this.#filled);
      if (end < 0) continue;
      const head = decoder.decode(this.#bytes.subarray(0, end));
      if (!head.startsWith("HTTP/1.1 101")) throw new Error(`Cannot upgrade: ${head.split("\r\n")[0]}`);
      return this.#consume(end);
    }
  }

  /** Sends one text frame; frames go out in the order of the calls. A connection that broke shows in {@link run}. */
  send(text: string): void {
    this.#write(encodeFrame(1, encoder.encode(text)));
  }

  /** Reads until the connection ends. */
  async run(onText: (text: string) => void): Promise<Ended> {
    try {
      for (;;) {
        for (let frame = this.#frame(); frame !== null; frame = this.#frame()) {
          if (frame.opcode === CLOSE) {
            this.#write(encodeFrame(CLOSE, frame.body.slice(0, 2)));
            await this.#sending;
            const code = frame.body.length >= 2 ? frame.body[0]! << 8 | frame.body[1]! : 1005;
            return { code, reason: decoder.decode(frame.body.subarray(2)) };
          }
          if (frame.opcode === PING) this.#write(encodeFrame(PONG, frame.body.slice()));
          else onText(decoder.decode(frame.body));
          this.#consume(frame.end);
        }
        if (!await this.#read()) return { code: 1006, reason: "" };
      }
    } catch {
      return { code: 1006, reason: "" };
    } finally {
      this.cut();
    }
  }

  /** Ends the connection without a word, as a phone does that loses its network. */
  cut(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection.close();
  }

  #write(frame: Uint8Array): void {
    this.#sending = this.#sending.then(() => writeAll(this.#connection, frame)).catch(() => {});
  }

  async #read(): Promise<boolean> {
    if (this.#filled === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 4);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const n = await this.#connection.read(this.#bytes.subarray(this.#filled));
    this.#filled += n ?? 0;
    return n !== null;
  }

  /** The first frame that is there as a whole; `end` is where the next one begins. */
  #frame(): { opcode: number; body: Uint8Array; end: number } | null {
    const bytes = this.#bytes;
    if (this.#filled < 2) return null;
    const short = bytes[1]! & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (this.#filled < start) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length = short === 126 ? view.getUint16(2) : short === 127 ? Number(view.getBigUint64(2)) : short;
    const end = start + length;
    if (this.#filled < end) return null;
    return { opcode: bytes[0]! & 15, body: bytes.subarray(start, end), end };
  }

  #consume(upTo: number): void {
    this.#bytes.copyWithin(0, upTo, this.#filled);
    this.#filled -= upTo;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** A client's frame, masked with zeros. */
function encodeFrame(opcode: number, body: Uint8Array): Uint8Array {
  const short = body.length < 126;
  const start = (short ? 2 : 4) + 4;
  const frame = new Uint8Array(start + body.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (short ? body.length : 126);
  if (!short) new DataView(frame.buffer).setUint16(2, body.length);
  frame.set(body, start);
  return frame;
}

/** Where the body begins behind a blank line, or -1. */
function headerEnd(bytes: Uint8Array, filled: number): number {
  for (let at = 3; at < filled; at++) {
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return -1;
}
