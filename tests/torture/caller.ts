/** What became of one POST: answered; nobody knows (`lost`); or it never reached the server. */
export type Reply =
  | { readonly kind: "answered"; readonly status: number; readonly body: string }
  | { readonly kind: "lost" }
  | { readonly kind: "unreached" };

/** A call that takes longer has hung, ms: statements end after 30 s. */
const PATIENCE_MS = 60_000;

/**
 * A caller on one kept-alive TCP connection, who says of each call whether it may have been heard, which `fetch` does
 * not.
 */
export class Caller implements Disposable {
  readonly #port: () => number;
  readonly #in = new Uint8Array(64 * 1024);
  #connection: Deno.TcpConn | null = null;
  /** Calls that had no answer within a minute. */
  hung = 0;

  constructor(port: () => number) {
    this.#port = port;
  }

  /** @param cutAfterMs the socket is closed so long after the request was written, without waiting for the answer */
  async post(path: string, body: string, cutAfterMs: number | null = null): Promise<Reply> {
    try {
      this.#connection ??= await Deno.connect({ hostname: "127.0.0.1", port: this.#port() });
    } catch {
      return { kind: "unreached" };
    }
    const connection = this.#connection;
    const timer = setTimeout(() => {
      this.hung++;
      this.#close();
    }, PATIENCE_MS);
    try {
      await write(connection, requestOf(path, body));
      if (cutAfterMs !== null) {
        if (cutAfterMs > 0) await new Promise((resolve) => setTimeout(resolve, cutAfterMs));
        this.#close();
        return { kind: "lost" };
      }
      return await this.#answer(connection);
    } catch {
      this.#close();
      return { kind: "lost" };
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #close(): void {
    try {
      this.#connection?.close();
    } catch { /* closed already */ }
    this.#connection = null;
  }

  async #answer(connection: Deno.TcpConn): Promise<Reply> {
    for (let filled = 0;;) {
      const n = await connection.read(this.#in.subarray(filled));
      if (n === null) throw new Error("Cannot read: the server closed the connection");
      filled += n;
      const text = decoder.decode(this.#in.subarray(0, filled));
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) continue;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1] ?? NaN);
      const body = text.slice(end + 4);
      if (Number.isNaN(length)) throw new Error(`Cannot read: ${text}`);
      if (body.length >= length) {
        if (/\r\nconnection: *close/i.test(text.slice(0, end))) this.#close();
        return { kind: "answered", status: Number(text.slice(9, 12)), body };
      }
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** ASCII bodies only. */
function requestOf(path: string, body: string): Uint8Array {
  return encoder.encode(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n` +
      body,
  );
}

async function write(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}
