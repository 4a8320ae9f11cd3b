import type { Clock } from "./clock.ts";

export type MemoryWatchOptions = {
  clock: Clock;
  /** What unfinished messages may take, bytes. */
  limit: number;
  /** Memory outside of JavaScript's heap, bytes. @default that of this process */
  native?: () => number;
  connections: () => number;
  /** There is more of it than connections explain. */
  exceeded: () => void;
};

/** What a connection takes outside of the heap, and a margin, bytes. */
const PER_CONNECTION = 32 * 1024;
const LOOK_MS = 1_000;
/** After it was exceeded the next look waits until clients have had the time to answer, ms. */
const REST_MS = 15_000;

/**
 * The runtime gathers the parts of a message of a client without a limit, and tells nobody before it is complete. This
 * tells when memory has grown by more than open connections explain.
 */
export function watchMemory(options: MemoryWatchOptions): Disposable {
  const { clock, limit, native = ownMemory, connections, exceeded } = options;
  const base = native();
  let cancel = () => {};
  const lookIn = (ms: number) => {
    cancel = clock.after(ms, () => {
      const grown = native() - base - connections() * PER_CONNECTION;
      if (grown > limit) exceeded();
      lookIn(grown > limit ? REST_MS : LOOK_MS);
    });
  };
  lookIn(LOOK_MS);
  return { [Symbol.dispose]: () => cancel() };
}

function ownMemory(): number {
  const { rss, heapTotal, external } = Deno.memoryUsage();
  return rss - heapTotal - external;
}
