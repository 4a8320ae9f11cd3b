export type FairQueueOptions<T> = {
  /** Items at most. */
  limit: number;
  /** Up to so many wait in one line. */
  line: number;
  /** Whose item it is; asked only when the line is full. */
  shareOf: (item: T) => number;
};

/**
 * A bounded queue that nobody can have for himself. While it is short it is one line, in the order of coming. Beyond that
 * every share has a line of its own, and they enter the one line in turn; what comes to a full queue takes the place of
 * the newest of the longest share. Items of one share never overtake each other.
 */
export class FairQueue<T> {
  readonly #o: FairQueueOptions<T>;
  #line: T[] = [];
  /** In the order of their turns; none is empty. */
  readonly #shares = new Map<number, Fifo<T>>();
  #behind = 0;

  constructor(options: FairQueueOptions<T>) {
    this.#o = options;
  }

  get length(): number {
    return this.#line.length + this.#behind;
  }

  /** Whether a further item of this share would find no place. */
  refuses(share: number): boolean {
    return this.length >= this.#o.limit && this.#longer(share) === undefined;
  }

  /** @returns what found no place: nothing, the item itself, or the one that had to go for it. */
  push(item: T): T | null {
    const { limit, line, shareOf } = this.#o;
    if (this.#behind === 0 && this.#line.length < Math.min(line, limit)) {
      this.#line.push(item);
      return null;
    }
    const share = shareOf(item);
    const out = this.length < limit ? null : this.#makeRoom(share) ?? item;
    if (out === item) return item;
    const fifo = this.#shares.get(share) ?? new Fifo<T>();
    if (fifo.length === 0) this.#shares.set(share, fifo);
    fifo.push(item);
    this.#behind++;
    return out;
  }

  /** The next items, `count` at most. */
  take(count: number): T[] {
    const taken = this.#line.splice(0, count);
    while (this.#behind > 0 && this.#line.length < this.#o.line) {
      this.#moveUp();
      if (taken.length < count) taken.push(...this.#line.splice(0, count - taken.length));
    }
    return taken;
  }

  #moveUp(): void {
    for (const [share, fifo] of this.#shares) {
      if (this.#line.length >= this.#o.line) return;
      this.#line.push(fifo.shift());
      this.#behind--;
      // to the end: it is the others' turn now; the loop comes to it again
      this.#shares.delete(share);
      if (fifo.length > 0) this.#shares.set(share, fifo);
    }
  }

  /** @returns the newest item of the longest share, which is out; undefined where that is the asker's own. */
  #makeRoom(share: number): T | undefined {
    const longest = this.#longer(share);
    if (longest !== undefined) this.#behind--;
    return longest?.pop();
  }

  /** The longest share that stays at least as long as this one when they exchange a place. */
  #longer(share: number): Fifo<T> | undefined {
    let longest: Fifo<T> | undefined, most = (this.#shares.get(share)?.length ?? 0) + 1;
    for (const fifo of this.#shares.values()) if (fifo.length > most) [longest, most] = [fifo, fifo.length];
    return longest;
  }
}

/** First in, first out, without moving what remains. */
class Fifo<T> {
  #items: T[] = [];
  #at = 0;

  get length(): number {
    return this.#items.length - this.#at;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T {
    const item = this.#items[this.#at++]!;
    if (this.#at > 1_000 && this.#at * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#at);
      this.#at = 0;
    }
    return item;
  }

  pop(): T {
    return this.#items.pop()!;
  }
}
