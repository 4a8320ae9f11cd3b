export type CoalescerOptions = {
  /** Batches under way at once. @default 2 */
  lanes?: number;
  /** Inputs in one batch at most. @default 500 */
  batch?: number;
};

/** Turns many single calls into few batched ones: what is asked while a batch is under way goes with the next. */
export class Coalescer<In, Out> {
  readonly #run: (inputs: In[]) => Promise<Out[]>;
  readonly #lanes: number;
  readonly #batch: number;
  #waiting: { input: In; resolve: (value: Out) => void; reject: (error: unknown) => void }[] = [];
  #running = 0;
  #scheduled = false;

  constructor(run: (inputs: In[]) => Promise<Out[]>, options: CoalescerOptions = {}) {
    this.#run = run;
    this.#lanes = options.lanes ?? 2;
    this.#batch = options.batch ?? 500;
  }

  /** Calls waiting for a batch. */
  get length(): number {
    return this.#waiting.length;
  }

  /** @throws what the batch throws. */
  call(input: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#pump();
      });
    });
  }

  #pump(): void {
    while (this.#running < this.#lanes && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#batch);
      this.#running++;
      this.#run(batch.map((call) => call.input)).then(
        (results) => batch.forEach((call, index) => call.resolve(results[index]!)),
        (error) => batch.forEach((call) => call.reject(error)),
      ).finally(() => {
        this.#running--;
        this.#pump();
      });
    }
  }
}
