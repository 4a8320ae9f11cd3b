/** A caller on one kept-alive TCP connection: cheap enough not to be what is measured. Loopback only. */
export class Caller implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #head: string;
  readonly #out = new Uint8Array(16 * 1024);
  readonly #in = new Uint8Array(16 * 1024);

  private constructor(connection: Deno.TcpConn, path: string) {
    this.#connection = connection;
    this.#head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: `;
  }

  static async open(port: number, path: string): Promise<Caller> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    return new Caller(connection, path);
  }

  /** POSTs an ASCII body and returns the answer's body, which must be small and come with its length. */
  async post(body: string): Promise<string> {
    const { written } = encoder.encodeInto(`${this.#head}${body.length}\r\n\r\n${body}`, this.#out);
    for (let sent = 0; sent < written;) sent += await this.#connection.write(this.#out.subarray(sent, written));
    for (let filled = 0;;) {
      const n = await this.#connection.read(this.#in.subarray(filled));
      if (n === null) throw new Error("Cannot read: the server closed the connection");
      filled += n;
      // the answer is one JSON object: it is whole when it ends with its brace
      if (this.#in[filled - 1] === BRACE) return decoder.decode(this.#in.subarray(this.#in.indexOf(OPEN), filled));
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const OPEN = "{".charCodeAt(0), BRACE = "}".charCodeAt(0);

/** Runs `callers` loops for `seconds`, each calling `once` with a running number; calls a second, p50 and p99 in ms. */
export async function measure(
  callers: readonly ((n: number) => Promise<void>)[],
  seconds: number,
): Promise<{ count: number; perSecond: number; p50: number; p99: number }> {
  const times: number[] = [];
  let n = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(callers.map(async (once) => {
    for (let now = performance.now(); now < end;) {
      await once(n++);
      const after = performance.now();
      times.push(after - now);
      now = after;
    }
  }));
  const elapsed = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  const at = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? NaN;
  return { count: times.length, perSecond: times.length / elapsed, p50: at(0.5), p99: at(0.99) };
}
