/**
 * The load generator's process: many callers on kept-alive connections, each waiting for its answer before it posts
 * again. It talks to the system's sockets directly and sleeps in `epoll_wait` (elsewhere `poll`), which takes half the CPU of
 * Deno's own sockets: on a shared machine, what the generator takes is missing to what is measured. Started by load.ts, which
 * says in the only argument what is wanted; prints the result as one line of JSON.
 */
import { cpuSeconds } from "./cpu.ts";
import { bodyOf, type Load, type LoadResult, quantile } from "./load.ts";
import { watchSockets } from "./watch_sockets.ts";

const libc = Deno.dlopen(Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
});
const AF_INET = 2, SOCK_STREAM = 1, IPPROTO_TCP = 6, TCP_NODELAY = 1;
/** Nothing was answered for so long, ms: what is measured has died. */
const PATIENCE = 30_000;

const encoder = new TextEncoder(), decoder = new TextDecoder();
const OPEN = "{".charCodeAt(0), BRACE = "}".charCodeAt(0);

class Callers {
  readonly #load: Load;
  readonly #head: string;
  readonly #sockets: number[];
  readonly #since: Float64Array;
  readonly #out = new Uint8Array(16 * 1024);
  readonly #in = new Uint8Array(16 * 1024);
  #next: number;

  constructor(load: Load) {
    this.#load = load;
    this.#next = load.first;
    this.#head = `POST ${load.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: `;
    this.#sockets = Array.from({ length: load.callers }, () => connect(load.port));
    this.#since = new Float64Array(load.callers);
  }

  /** Posts for the wanted time and waits for the last answers. */
  run(): LoadResult {
    const times: number[] = [];
    const readable = watchSockets(this.#sockets);
    const cpu = cpuSeconds(Deno.pid);
    const start = performance.now(), end = start + this.#load.seconds * 1000;
    for (const caller of this.#sockets.keys()) this.#post(caller);
    for (let waiting = this.#sockets.length; waiting > 0;) {
      const ready = readable(PATIENCE);
      if (ready.length === 0) throw new Error(`Cannot measure: no answer within ${PATIENCE} ms`);
      for (const caller of ready) {
        this.#read(caller);
        const now = performance.now();
        times.push(now - this.#since[caller]!);
        if (now < end) this.#post(caller);
        else waiting--;
      }
    }
    const seconds = (performance.now() - start) / 1000;
    return {
      count: times.length,
      perSecond: times.length / seconds,
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      generatorCpu: cpuSeconds(Deno.pid) - cpu,
    };
  }

  #post(caller: number): void {
    const body = bodyOf(this.#load, this.#next++);
    const { written } = encoder.encodeInto(`${this.#head}${body.length}\r\n\r\n${body}`, this.#out);
    this.#since[caller] = performance.now();
    const sent = libc.symbols.send(this.#sockets[caller]!, this.#out, BigInt(written), 0);
    if (sent !== written) throw new Error("Cannot write: the server closed the connection");
  }

  /** Reads an answer, which is one small JSON object: it is whole when it ends with its brace. */
  #read(caller: number): void {
    for (let filled = 0;;) {
      const room = this.#in.subarray(filled);
      const n = libc.symbols.recv(this.#sockets[caller]!, room, BigInt(room.length), 0);
      if (n <= 0) throw new Error("Cannot read: the server closed the connection");
      filled += n;
      if (this.#in[filled - 1] !== BRACE) continue;
      const answer = decoder.decode(this.#in.subarray(this.#in.indexOf(OPEN), filled));
      if (!answer.startsWith(`{"success":true`)) throw new Error(`Cannot count this answer: ${answer}`);
      return;
    }
  }
}

function connect(port: number): number {
  const socket = libc.symbols.socket(AF_INET, SOCK_STREAM, 0);
  const address = new Uint8Array(16);
  address.set(Deno.build.os === "darwin" ? [16, AF_INET] : [AF_INET, 0]);
  address.set([port >> 8, port & 255, 127, 0, 0, 1], 2);
  if (libc.symbols.connect(socket, address, address.length) !== 0) throw new Error(`Cannot connect to port ${port}`);
  libc.symbols.setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, new Uint8Array([1, 0, 0, 0]), 4);
  return socket;
}

console.log(JSON.stringify(new Callers(JSON.parse(Deno.args[0]!)).run()));
