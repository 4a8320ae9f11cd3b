/** A caller on one kept-alive TCP connection: cheap enough not to be what is measured. Loopback only. */
export class Caller implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #path: string;
  readonly #buffer = new Uint8Array(64 * 1024);

  private constructor(connection: Deno.TcpConn, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  static async open(port: number, path: string): Promise<Caller> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    return new Caller(connection, path);
  }

  /** POSTs a body and returns the answer's body. */
  async post(body: string): Promise<string> {
    const bytes = encoder.encode(body);
    const head = encoder.encode(
      `POST ${this.#path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}\r\n\r\n`,
    );
    const request = new Uint8Array(head.length + bytes.length);
    request.set(head);
    request.set(bytes, head.length);
    await this.#connection.write(request);
    let text = "";
    for (;;) {
      const n = await this.#connection.read(this.#buffer);
      if (n === null) throw new Error("Cannot read: the server closed the connection");
      text += decoder.decode(this.#buffer.subarray(0, n));
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) continue;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length - end - 4 >= length) return text.slice(end + 4);
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Runs `callers` loops for `seconds`, each calling `once` with a running number; calls a second, p50 and p99 in ms. */
export async function measure(
  callers: readonly ((n: number) => Promise<void>)[],
  seconds: number,
): Promise<{ perSecond: number; p50: number; p99: number }> {
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
  return { perSecond: times.length / elapsed, p50: at(0.5), p99: at(0.99) };
}
