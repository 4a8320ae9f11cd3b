import type { Effect, Problem, Report } from "./core/model.ts";
import { streamOf } from "./core/stream.ts";
import { readPayload, reportOf } from "./message.ts";
import type { PayloadSchema, SyncMessageOf } from "./types.ts";

export type Deliver = Extract<Effect, { type: "deliver" }>;

export type SubscriberParts = {
  schema: PayloadSchema<unknown> | undefined;
  manual: boolean;
  handler: (message: SyncMessageOf<unknown>) => unknown;
  report: (report: Report) => void;
  problem: (problem: Problem) => void;
  /** Called when it ends, whoever ends it. */
  ended: () => void;
};

/**
 * Hands the messages of one biz to one handler, one after the other. A message that is sent again while it waits
 * here, or while the handler has it, is not handed over twice.
 */
export class Subscriber {
  readonly #parts: SubscriberParts;
  #queue: { effect: Deliver; op: Deliver["ops"][number] }[] = [];
  /** Ops that wait here or are in the handler. */
  readonly #held = new Set<string>();
  #running = false;
  #ended = false;

  constructor(parts: SubscriberParts) {
    this.#parts = parts;
  }

  take(effect: Deliver): void {
    for (const op of effect.ops) {
      const key = heldKey(effect, op.id);
      if (op.id !== 0 && this.#held.has(key)) continue;
      this.#held.add(key);
      this.#queue.push({ effect, op });
    }
    if (!this.#running) void this.#run();
  }

  /**
   * Another user is logged in, or nobody: what waits for a former one is dropped here, unreported.
   *
   * @param userId nothing: another tab leads, and is sent all of it anew, except what is sent once
   */
  only(userId?: string | null): void {
    const keep = ({ effect, op }: { effect: Deliver; op: { id: number } }) => {
      const { owner } = streamOf(effect.key);
      const mine = userId === undefined ? op.id === 0 : owner === "" || owner === userId;
      if (!mine) this.#held.delete(heldKey(effect, op.id));
      return mine;
    };
    this.#queue = this.#queue.filter(keep);
  }

  end(): void {
    this.#ended = true;
    this.#queue = [];
    this.#parts.ended();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#queue.shift(); next && !this.#ended; next = this.#queue.shift()) {
      const done = this.#handle(next.effect, next.op);
      // A handler that returns at once is not made to wait: a backlog runs through in one go.
      if (done) await done;
    }
    this.#running = false;
  }

  #handle(effect: Deliver, op: Deliver["ops"][number]): Promise<void> | null {
    const key = heldKey(effect, op.id);
    // Received meanwhile, by hand.
    if (op.id !== 0 && !this.#held.has(key)) return null;
    const received = () => {
      this.#held.delete(key);
      if (op.id !== 0) this.#parts.report(reportOf(effect, [op.id]));
    };
    let code: Problem["code"] = "payload";
    const refused = (cause: unknown) => {
      this.#held.delete(key);
      const message = `Not received: ${effect.biz} ${op.mid}`;
      this.#parts.problem({ code, message, cause });
    };
    try {
      const message: SyncMessageOf<unknown> = {
        id: op.id,
        messageId: op.mid,
        biz: effect.biz,
        userId: effect.userId,
        sentAt: new Date(op.at),
        payload: readPayload(op, this.#parts.schema),
        late: op.late === true,
        received,
      };
      code = "callback";
      const result = this.#parts.handler(message) as PromiseLike<unknown> | undefined;
      const returned = () => {
        if (this.#parts.manual) this.#held.delete(key);
        else received();
      };
      // Whatever can be waited for: a query builder, or a promise of another realm, is none of our Promise.
      if (result?.then) return Promise.resolve(result).then(returned).catch(refused);
      returned();
    } catch (cause) {
      refused(cause);
    }
    return null;
  }
}

function heldKey(effect: Deliver, id: number): string {
  return `${effect.key}\n${effect.epoch}\n${id}`;
}
