/** A mailbox is full: a named outcome, the sender decides what follows. */
export class MailboxFullError extends Error {
  override name = "MailboxFullError";
  constructor(limit: number) {
    super(`Cannot post: the mailbox holds ${limit} messages`);
  }
}

/** Messages that may wait in one mailbox. */
export const MAILBOX_LIMIT = 10_000;

/**
 * Something that handles its messages one after the other: one that is posted while another is being handled waits. What
 * the handler throws goes to `failed`, and the next message is handled as if nothing had happened: whoever supervises the
 * actor has rebuilt it by then.
 */
export abstract class Mailbox<Message> {
  /** null: nothing waits, as is the case nearly always. */
  #waiting: Message[] | null = null;
  #busy = false;

  /** @throws {MailboxFullError} when {@link MAILBOX_LIMIT} messages wait already. */
  post(message: Message): void {
    if (!this.#waiting) this.#waiting = [message];
    else if (this.#waiting.length < MAILBOX_LIMIT) this.#waiting.push(message);
    else throw new MailboxFullError(MAILBOX_LIMIT);
    while (!this.#busy && this.#waiting.length > 0) this.#next(this.#waiting.shift()!);
    if (!this.#busy) this.#waiting = null;
  }

  /** Called by the mailbox alone, with one message at a time. */
  protected abstract handle(message: Message): void;

  /** Called with what `handle` threw. */
  protected abstract failed(error: unknown, message: Message): void;

  #next(message: Message): void {
    this.#busy = true;
    try {
      this.handle(message);
    } catch (error) {
      this.failed(error, message);
    } finally {
      this.#busy = false;
    }
  }
}
