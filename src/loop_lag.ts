import type { Clock } from "./clock.ts";

const EVERY_MS = 500;

/**
 * How late timers fire: for so long one thing kept the process from all others. Socket frames, pushes and heartbeats
 * waited as long.
 */
export class LoopLag implements Disposable {
  readonly #clock: Clock;
  #most = 0;
  #cancel: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#next();
  }

  /** The longest delay since the last call, s. */
  read(): number {
    const most = this.#most;
    this.#most = 0;
    return most / 1_000;
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #next(): void {
    const due = this.#clock.now() + EVERY_MS;
    this.#cancel = this.#clock.after(EVERY_MS, () => {
      this.#most = Math.max(this.#most, this.#clock.now() - due);
      this.#next();
    });
  }
}
