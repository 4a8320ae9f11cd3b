/** A mailbox is full: a named outcome, the sender decides what follows. */
export class MailboxFullError extends Error {
  override name = "MailboxFullError";
  constructor(limit: number) {
    super(`Cannot post: the mailbox holds ${limit} messages`);
  }
}

/**
 * Messages to one actor, handled one after the other. A message posted while another is being handled waits; so does
 * every message while the mailbox is held. What the handler throws goes to the supervisor, and the next message is
 * handled as if nothing had happened: the supervisor has rebuilt the actor by then, or holds the mailbox.
 */
export class Mailbox<Message> {
  readonly #handle: (message: Message) => void;
  readonly #failed: (error: unknown, message: Message) => void;
  readonly #limit: number;
  #waiting: Message[] = [];
  #busy = false;
  #held = false;

  constructor(
    handle: (message: Message) => void,
    failed: (error: unknown, message: Message) => void,
    limit = 10_000,
  ) {
    this.#handle = handle;
    this.#failed = failed;
    this.#limit = limit;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** @throws {MailboxFullError} when `limit` messages wait already. */
  post(message: Message): void {
    if (this.#waiting.length >= this.#limit) throw new MailboxFullError(this.#limit);
    this.#waiting.push(message);
    this.#drain();
  }

  /** Lets messages wait until {@link release}. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#drain();
  }

  #drain(): void {
    while (!this.#busy && !this.#held && this.#waiting.length > 0) {
      const message = this.#waiting.shift()!;
      this.#busy = true;
      try {
        this.#handle(message);
      } catch (error) {
        this.#failed(error, message);
      } finally {
        this.#busy = false;
      }
    }
  }
}
