/** One connection through the proxy: how to cut it, and what its bytes wait for, by direction. */
type Pair = { cut: () => void; up: Promise<void>; down: Promise<void> };

/**
 * A TCP proxy between client and server that behaves like a bad network: it delays, hands on bytes in pieces, stalls, and
 * cuts connections, also in the middle of a frame.
 */
export class Proxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #random: () => number;
  readonly #pairs = new Set<Pair>();
  readonly #running = new Set<Promise<void>>();
  readonly #stalls = new Set<() => void>();
  /** Longest delay of a piece, in ms. */
  maxDelayMs = 0;
  /** Chance that a piece goes on in two parts. */
  splitChance = 0.3;
  /** Chance that a piece is the last one that gets through. */
  cutChance = 0;
  /** The next piece is cut in the middle, whatever the chance. */
  cutNext = false;
  /** The next connection reaches the server twice: a twin hears all that the client says, and nobody hears the twin. */
  duplicateNext = false;
  connections = 0;
  /** Pieces handed on so far. */
  pieces = 0;
  cuts = 0;
  /** Connections that were made twice. */
  twins = 0;

  constructor(target: number, random: () => number) {
    this.#target = target;
    this.#random = random;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Cuts everything that is open, or a share of it. */
  cutAll(share = 1): void {
    for (const { cut } of this.#some(share)) cut();
  }

  /**
   * Holds back the bytes of a share of the connections for so long, ms; what is held goes on afterwards.
   *
   * @param side "up" is what clients say, "down" what they hear
   * @returns how many connections
   */
  stall(share: number, ms: number, side: "up" | "down" | "both" = "both"): number {
    const some = this.#some(share);
    const over = new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#stalls.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#stalls.add(end);
    });
    for (const pair of some) {
      if (side !== "down") pair.up = over;
      if (side !== "up") pair.down = over;
    }
    return some.length;
  }

  /** Ends all stalls. */
  release(): void {
    for (const end of [...this.#stalls]) end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.release();
    this.cutAll();
    await Promise.allSettled([...this.#running]);
  }

  #some(share: number): Pair[] {
    return [...this.#pairs].filter(() => share >= 1 || this.#random() < share);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.connections++;
      const work = this.#serve(client).finally(() => this.#running.delete(work));
      this.#running.add(work);
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    const twice = this.duplicateNext;
    this.duplicateNext = false;
    let server: Deno.TcpConn, twin: Deno.TcpConn | null = null;
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      if (twice) twin = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    } catch {
      return client.close();
    }
    if (twin) this.twins++;
    let open = true;
    const cut = () => {
      if (!open) return;
      open = false;
      this.#pairs.delete(pair);
      for (const end of [client, server, twin]) {
        try {
          end?.close();
        } catch { /* it was first */ }
      }
    };
    const pair: Pair = { cut, up: Promise.resolve(), down: Promise.resolve() };
    this.#pairs.add(pair);
    // Which of the two is the later one, and stays, is as open as in a network.
    const targets = twin ? (this.#random() < 0.5 ? [server, twin] : [twin, server]) : [server];
    const both = { write: (bytes: Uint8Array) => writeAll(targets, server, bytes) };
    const pipes = [this.#pipe(client, both, pair, "up"), this.#pipe(server, client, pair, "down")];
    if (twin) pipes.push(twin.readable.pipeTo(new WritableStream()).catch(() => {}));
    await Promise.all(pipes);
    cut();
  }

  async #pipe(from: Deno.TcpConn, to: Pick<Deno.TcpConn, "write">, pair: Pair, side: "up" | "down"): Promise<void> {
    const buffer = new Uint8Array(16 * 1024);
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        const cutting = n > 1 && (this.cutNext || this.#random() < this.cutChance);
        if (cutting) this.cutNext = false;
        const length = cutting || this.#random() < this.splitChance ? Math.max(1, Math.floor(this.#random() * n)) : n;
        await pair[side];
        await this.#hand(buffer.slice(0, length), to);
        if (cutting) {
          // What is left of the piece is lost: the other side has half a frame.
          this.cuts++;
          return pair.cut();
        }
        if (length < n) await this.#hand(buffer.slice(length, n), to);
      }
    } catch { /* one of the ends is gone */ }
    pair.cut();
  }

  async #hand(bytes: Uint8Array, to: Pick<Deno.TcpConn, "write">): Promise<void> {
    const delay = Math.floor(this.#random() * this.maxDelayMs);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    this.pieces++;
    for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
  }
}

/** Writes to all; only what the first is told ends anything. */
async function writeAll(targets: Deno.TcpConn[], server: Deno.TcpConn, bytes: Uint8Array): Promise<number> {
  for (const to of targets) {
    try {
      for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
    } catch (error) {
      // A twin that the server has closed is no reason to cut the other one.
      if (to === server) throw error;
    }
  }
  return bytes.length;
}
