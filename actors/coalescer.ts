export type CoalescerOptions = {
  /** Batches under way at once. @default 2 */
  lanes?: number;
  /** Inputs in one batch at most. @default 500 */
  batch?: number;
};

type Call<In, Out> = {
  input: In;
  wanted: () => boolean;
  resolve: (value: Out) => void;
  reject: (error: unknown) => void;
};

/** Turns many single calls into few batched ones: what is asked while a batch is under way goes with the next. */
export class Coalescer<In, Out> {
  readonly #run: (inputs: In[]) => Promise<Out[]>;
  readonly #lanes: number;
  readonly #batch: number;
  #waiting: Call<In, Out>[] = [];
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

  /**
   * @param wanted asked when its batch begins: what nobody waits for any more is left out
   * @throws what the batch throws, and when it was left out.
   */
  call(input: In, wanted: () => boolean = () => true): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, wanted, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#pump();
      });
    });
  }

  #take() {
    const batch: Call<In, Out>[] = [], left: Call<In, Out>[] = [];
    let taken = 0;
    for (; taken < this.#waiting.length && batch.length < this.#batch; taken++) {
      const call = this.#waiting[taken]!;
      (call.wanted() ? batch : left).push(call);
    }
    this.#waiting.splice(0, taken);
    return { batch, left };
  }

  #pump(): void {
    while (this.#running < this.#lanes && this.#waiting.length > 0) {
      const { batch, left } = this.#take();
      for (const call of left) call.reject(new Error("Nobody waits for this any more"));
      if (batch.length === 0) return;
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
