import type { NonceStore, NonceUse } from "../db/nonces.ts";
import type { Clock } from "./clock.ts";

/**
 * How long a nonce is remembered, ms. A timestamp may lie 5 minutes ahead (SIG-3), so its request could be repeated for
 * 10 minutes; one more for the clocks of several servers.
 */
const REMEMBERED_MS = 11 * 60_000;
const SWEEP_MS = 60_000;
/** Uses in one statement at most. */
const BATCH = 500;
/** Statements under way at once. */
const LANES = 2;

/** Tells first uses of a nonce from repeats, for many requests at once. */
export interface Nonces extends Disposable {
  /** @throws the database's error; whether the nonce was fresh is then unknown. */
  use(use: NonceUse): Promise<boolean>;
}

type Waiting = { use: NonceUse; resolve: (fresh: boolean) => void; reject: (error: unknown) => void };

/** Shares statements: what comes while two are under way goes together into the next one. Sweeps once a minute. */
export function createNonces({ store, clock, onError = () => {} }: {
  store: NonceStore;
  clock: Clock;
  onError?: (error: unknown) => void;
}): Nonces {
  const waiting: Waiting[] = [];
  let running = 0;
  let disposed = false;
  let cancelSweep = () => {};

  function pump(): void {
    while (running < LANES && waiting.length > 0) {
      running++;
      void write(waiting.splice(0, BATCH)).finally(() => {
        running--;
        pump();
      });
    }
  }

  async function write(batch: Waiting[]): Promise<void> {
    try {
      const fresh = await store.use(batch.map((each) => each.use));
      batch.forEach((each, index) => each.resolve(fresh[index] === true));
    } catch (error) {
      for (const each of batch) each.reject(error);
    }
  }

  function scheduleSweep(): void {
    if (disposed) return;
    cancelSweep = clock.after(SWEEP_MS, () => {
      store.forget(clock.now() - REMEMBERED_MS).catch((error) => {
        if (!disposed) onError(error); // a stopping server has closed its connections
      }).finally(scheduleSweep);
    });
  }

  scheduleSweep();
  return {
    use: (use) =>
      new Promise((resolve, reject) => {
        waiting.push({ use, resolve, reject });
        pump();
      }),
    [Symbol.dispose]: () => {
      disposed = true;
      cancelSweep();
    },
  };
}
