/**
 * A TCP proxy between client and server that behaves like a bad network: it delays, hands on bytes in pieces, and cuts
 * connections, also in the middle of a frame.
 */
export class Proxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #random: () => number;
  readonly #pairs = new Set<() => void>();
  readonly #running = new Set<Promise<void>>();
  /** Longest delay of a piece, in ms. */
  maxDelayMs = 0;
  /** Chance that a piece is the last one that gets through. */
  cutChance = 0;
  /** The next piece is cut in the middle, whatever the chance. */
  cutNext = false;
  connections = 0;
  /** Pieces handed on so far. */
  pieces = 0;
  cuts = 0;

  constructor(target: number, random: () => number) {
    this.#target = target;
    this.#random = random;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Cuts everything that is open. */
  cutAll(): void {
    for (const cut of [...this.#pairs]) cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cutAll();
    await Promise.allSettled([...this.#running]);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.connections++;
      const work = this.#serve(client).finally(() => this.#running.delete(work));
      this.#running.add(work);
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    let server: Deno.TcpConn;
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    } catch {
      return client.close();
    }
    let open = true;
    const cut = () => {
      if (!open) return;
      open = false;
      this.#pairs.delete(cut);
      for (const end of [client, server]) {
        try {
          end.close();
        } catch { /* it was first */ }
      }
    };
    this.#pairs.add(cut);
    await Promise.all([this.#pipe(client, server, cut), this.#pipe(server, client, cut)]);
    cut();
  }

  async #pipe(from: Deno.TcpConn, to: Deno.TcpConn, cut: () => void): Promise<void> {
    const buffer = new Uint8Array(16 * 1024);
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        const cutting = n > 1 && (this.cutNext || this.#random() < this.cutChance);
        if (cutting) this.cutNext = false;
        const length = cutting || this.#random() < 0.3 ? Math.max(1, Math.floor(this.#random() * n)) : n;
        await this.#hand(buffer.slice(0, length), to);
        if (cutting) {
          // What is left of the piece is lost: the other side has half a frame.
          this.cuts++;
          return cut();
        }
        if (length < n) await this.#hand(buffer.slice(length, n), to);
      }
    } catch { /* one of the ends is gone */ }
    cut();
  }

  async #hand(bytes: Uint8Array, to: Deno.TcpConn): Promise<void> {
    const delay = Math.floor(this.#random() * this.maxDelayMs);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    this.pieces++;
    for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
  }
}

/** A repeatable source of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
