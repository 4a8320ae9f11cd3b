/** A TCP connection that says exactly what a test tells it to, HTTP or not. */
export class RawSocket implements Disposable {
  /** Everything that came in, as Latin-1. */
  text = "";
  /** Whether the other side has ended it. */
  ended = false;
  readonly #conn: Deno.TcpConn;
  readonly #reading: Promise<void>;
  #wake: (() => void)[] = [];

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#reading = this.#read();
  }

  static async open(port: number, first: string | Uint8Array = ""): Promise<RawSocket> {
    const socket = new RawSocket(await Deno.connect({ hostname: "127.0.0.1", port }));
    await socket.send(first);
    return socket;
  }

  /**
   * Opens a WebSocket at `/sync` and waits for the server's consent.
   * @param headers further ones, each with its line end
   */
  static async upgrade(port: number, headers = ""): Promise<RawSocket> {
    const socket = await RawSocket.open(
      port,
      "GET /sync HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + headers + "\r\n",
    );
    await socket.until(() => socket.text.includes("\r\n\r\n"));
    return socket;
  }

  /** @throws what the network says, when the other side has gone */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  /** Waits until the condition holds. @throws when it does not within `ms` */
  async until(condition: () => boolean, ms = 20_000): Promise<void> {
    const deadline = Date.now() + ms;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`Cannot see it within ${ms} ms; received: ${JSON.stringify(this.text)}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake.push(resolve);
      const timer = setTimeout(resolve, Math.min(left, 500));
      await promise;
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    await this.#reading;
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // the other side was faster
    }
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(16_384);
    try {
      for (let n = await this.#conn.read(buffer); n !== null; n = await this.#conn.read(buffer)) {
        this.text += String.fromCharCode(...buffer.subarray(0, n));
        for (const wake of this.#wake.splice(0)) wake();
      }
    } catch {
      // a reset is an end
    }
    this.ended = true;
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** The head of a client's WebSocket frame that says it carries `length` bytes. The mask is zero. */
export function frameHead(length: number, { opcode = 1, fin = true } = {}): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(14);
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = 0xff;
  new DataView(head.buffer).setBigUint64(2, BigInt(length));
  return head;
}

/** A whole text frame of a client. */
export function textFrame(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array([...frameHead(bytes.length), ...bytes]);
}
