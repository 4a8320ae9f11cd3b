import type { StoreChanges } from "../../../sdk/store.ts";
import { MemoryStore } from "../../../sdk/stores/memory.ts";

/** A durable store whose writes can be held back, refused, or made to fail at loading. */
export class SlowStore extends MemoryStore {
  /** Writes that wait. */
  held = 0;
  writes = 0;
  /** Error for the next writes, and for loading. */
  refuse: Error | null = null;
  #gate: Promise<void> = Promise.resolve();
  #open = () => {};

  constructor() {
    super({ durable: true });
  }

  hold(): void {
    this.#gate = new Promise((resolve) => this.#open = resolve);
  }

  release(): void {
    this.#open();
  }

  override async write(changes: StoreChanges): Promise<void> {
    this.writes++;
    this.held++;
    await this.#gate;
    this.held--;
    if (this.refuse) throw this.refuse;
    await super.write(changes);
  }
}
