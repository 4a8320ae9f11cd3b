import type { Clock } from "../../src/clock.ts";

type Timer = { due: number; callback: () => void; cancel: () => void };

/** The machine's clock, which a test can step forward: timers that fall due in the step fire at once, in their order. */
export class SteppableClock implements Clock {
  #offset = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return Date.now() + this.#offset;
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { due: this.now() + ms, callback, cancel: () => {} };
    this.#timers.add(timer);
    this.#arm(timer);
    return () => this.#drop(timer);
  }

  /** Steps time forward. What a timer starts asynchronously is not waited for. */
  advance(ms: number): void {
    const target = this.now() + ms;
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.due - b.due)[0];
      if (!next || next.due > target) break;
      this.#offset += Math.max(0, next.due - this.now());
      this.#drop(next);
      next.callback();
    }
    this.#offset += Math.max(0, target - this.now());
    for (const timer of this.#timers) {
      timer.cancel();
      this.#arm(timer);
    }
  }

  /** Sets the wall clock back or forward without firing anything, as an administrator does. */
  jump(ms: number): void {
    this.#offset += ms;
  }

  #arm(timer: Timer): void {
    const handle = setTimeout(() => {
      this.#drop(timer);
      timer.callback();
    }, Math.max(0, timer.due - this.now()));
    timer.cancel = () => clearTimeout(handle);
  }

  #drop(timer: Timer): void {
    this.#timers.delete(timer);
    timer.cancel();
  }
}
