import type { Clock } from "./clock.ts";

/** Largest body of any request, bytes (PUSH-5). */
export const MAX_BODY_BYTES = 64 * 1024;
/** How long a body may take to arrive, ms. */
export const BODY_MS = 30_000;

/** The raw bytes; or why there are none: too long, not there in time, or cut off by the caller. */
export type Body = Uint8Array<ArrayBuffer> | "long" | "late" | "broken";

type Reading = { since: number; late: () => void };

/** Reads bodies of bounded size in bounded time: the runtime would wait for their end for ever. */
export class Bodies implements Disposable {
  readonly #clock: Clock;
  readonly #readings = new Set<Reading>();
  /** One timer for all: most bodies are there at once, and a timer each would cost more than reading them. */
  #timer: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Never rejects; nothing past the limit is read. */
  read(request: Request): Promise<Body> {
    const declared = request.headers.get("Content-Length");
    if (Number(declared) > MAX_BODY_BYTES) return Promise.resolve("long");
    return new Promise((resolve) => {
      const reading = { since: this.#clock.now(), late: () => resolve("late") };
      this.#readings.add(reading);
      this.#timer ??= this.#watch();
      const done = (body: Body) => {
        this.#readings.delete(reading);
        resolve(body);
      };
      // one that says how long it is, and is not too long, need not be counted
      (declared === null ? collect(request) : request.bytes()).then(done, () => done("broken"));
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.();
  }

  #watch(): () => void {
    return this.#clock.after(BODY_MS / 4, () => {
      const now = this.#clock.now();
      for (const reading of this.#readings) {
        if (now - reading.since < BODY_MS) continue;
        this.#readings.delete(reading);
        reading.late();
      }
      this.#timer = this.#readings.size > 0 ? this.#watch() : null;
    });
  }
}

async function collect(request: Request): Promise<Body> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return "long";
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
