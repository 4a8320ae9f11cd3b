import type { Address } from "./wire.ts";

/** What became of the calls of one run. Times are ms from the moment at which a call was due, not only sent. */
export type LoopResult = {
  due: number;
  seconds: number;
  /** Answers by HTTP status; 0: the connection broke. Where the time goes is the caller's as well as the server's. */
  answers: Map<number, { count: number; p50: number; p99: number; longest: number }>;
  /** Answers with 503 that did not say when to come back. */
  withoutHint: number;
  /** Calls that found all connections busy, and were given up by their caller. */
  unsent: number;
};

export type LoopOptions = {
  address: Address;
  path: string;
  /** ASCII; a new one for each call. */
  body: (n: number) => string;
  /** Calls a second, whatever becomes of them. */
  rate: number;
  seconds: number;
  /** Connections at most. */
  connections: number;
};

/**
 * Calls at a rate that does not depend on the answers, as many callers that know nothing of each other do: what waits
 * too long is seen, where a loop that waits for its answers would only call less often.
 */
export async function openLoop(options: LoopOptions): Promise<LoopResult> {
  const { rate, seconds, connections, address, path, body } = options;
  const idle: Line[] = [];
  let opened = 0;
  const times = new Map<number, number[]>();
  let withoutHint = 0, unsent = 0;
  const call = async (n: number, due: number) => {
    let line = idle.pop();
    if (!line && opened >= connections) return void unsent++;
    let status = 0;
    try {
      if (!line) {
        opened++;
        line = await Line.open(address, path);
      }
      const answer = await line.post(body(n));
      status = answer.status;
      if (status === 503 && !answer.hint) withoutHint++;
      idle.push(line);
    } catch {
      opened--;
      line?.[Symbol.dispose]();
    }
    let all = times.get(status);
    if (!all) times.set(status, all = []);
    all.push(performance.now() - due);
  };
  const begun = performance.now();
  const total = Math.floor(rate * seconds);
  let under = 0, n = 0;
  let done = () => {};
  const finished = new Promise<void>((resolve) => done = resolve);
  while (n < total) {
    const due = Math.min(total, Math.floor((performance.now() - begun) / 1_000 * rate));
    while (n < due) {
      under++;
      const at = begun + n / rate * 1_000;
      void call(n++, at).then(() => --under === 0 && n === total && done());
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (under > 0) await finished;
  const lasted = (performance.now() - begun) / 1_000;
  for (const line of idle) line[Symbol.dispose]();
  return { due: total, seconds: lasted, answers: summed(times), withoutHint, unsent };
}

function summed(times: Map<number, number[]>): LoopResult["answers"] {
  return new Map([...times].map(([status, all]) => {
    all.sort((a, b) => a - b);
    const at = (q: number) => all[Math.min(all.length - 1, Math.floor(all.length * q))]!;
    return [status, { count: all.length, p50: at(0.5), p99: at(0.99), longest: all.at(-1)! }];
  }));
}

/** One kept-alive connection of a caller. */
export class Line implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #head: string;
  readonly #in = new Uint8Array(1_024);

  private constructor(connection: Deno.TcpConn, head: string) {
    this.#connection = connection;
    this.#head = head;
  }

  static async open(address: Address, path: string): Promise<Line> {
    const connection = await Deno.connect(address);
    connection.setNoDelay(true);
    return new Line(connection, `POST ${path} HTTP/1.1\r\nHost: ${address.hostname}\r\nContent-Length: `);
  }

  /** @throws when the connection breaks, or the answer is larger than any should be. */
  async post(body: string): Promise<{ status: number; hint: boolean; text: string }> {
    const bytes = encoder.encode(`${this.#head}${body.length}\r\n\r\n${body}`);
    for (let sent = 0; sent < bytes.length;) sent += await this.#connection.write(bytes.subarray(sent));
    for (let filled = 0;;) {
      const n = await this.#connection.read(this.#in.subarray(filled));
      if (!n) throw new Error("Cannot read: the connection was closed, or the answer is too long");
      filled += n;
      // the answer is one JSON object: it is whole when it ends with its brace
      if (this.#in[filled - 1] !== BRACE) continue;
      const text = decoder.decode(this.#in.subarray(0, filled));
      return { status: Number(text.slice(9, 12)), hint: /\r\nretry-after: \d+\r\n/i.test(text), text };
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const BRACE = "}".charCodeAt(0);
