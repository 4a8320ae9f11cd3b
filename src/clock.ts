/** Time as an argument: the server's clock decides everything (DLV-7), and tests hand in one they can step. */
export interface Clock {
  /** ms since 1970. */
  now(): number;
  /** Calls back once after `ms`; the returned function cancels. */
  after(ms: number, callback: () => void): () => void;
}

/** A clock that knows how many of its timers wait. */
export interface CountedClock extends Clock {
  readonly timers: number;
}

/** What is left over when everything has gone shows here (OPS-2). */
export function countTimers(clock: Clock): CountedClock {
  let timers = 0;
  return {
    now: () => clock.now(),
    after(ms, callback) {
      let waiting = true;
      timers++;
      const over = () => {
        if (waiting) timers--;
        waiting = false;
      };
      const cancel = clock.after(ms, () => {
        over();
        callback();
      });
      return () => {
        over();
        cancel();
      };
    },
    get timers() {
      return timers;
    },
  };
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
