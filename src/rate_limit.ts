/** A token bucket per key: `perSecond` on average, a burst of one second's worth; 0 lets everything pass. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Whether one more may pass at `now` (ms). */
  take(key: string, now: number): boolean {
    if (this.#perSecond === 0) return true;
    const bucket = this.#buckets.get(key) ?? { tokens: this.#perSecond, at: now };
    const refill = Math.max(0, now - bucket.at) / 1000 * this.#perSecond;
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + refill);
    bucket.at = now;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
