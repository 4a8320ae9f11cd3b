import assert from "node:assert/strict";
import fc from "fast-check";
import { Mailbox, MAILBOX_LIMIT, MailboxFullError } from "../../actors/mailbox.ts";

type Message = { n: number; posts: number; throws: boolean };

/** Handles messages as they say. */
class Counting extends Mailbox<Message> {
  readonly posted: number[] = [];
  readonly handled: number[] = [];
  readonly threw: number[] = [];
  readonly failures: number[] = [];
  #busy = false;

  send(posts: number, throws: boolean): void {
    const n = this.posted.length + 1;
    this.posted.push(n);
    this.post({ n, posts, throws });
  }

  protected override handle({ n, posts, throws }: Message): void {
    assert.equal(this.#busy, false, "two messages at once");
    this.#busy = true;
    this.handled.push(n);
    for (let i = 0; i < posts; i++) this.send(0, i === 1);
    this.#busy = false;
    if (!throws) return;
    this.threw.push(n);
    throw new Error("handler failed");
  }

  protected override failed(_error: unknown, { n }: Message): void {
    this.failures.push(n);
  }
}

Deno.test("Mailbox handles every message once, in the order of posting, one at a time, whatever the handler throws", () => {
  const message = fc.record({ posts: fc.integer({ min: 0, max: 3 }), throws: fc.boolean() });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
      const mailbox = new Counting();
      for (const { posts, throws } of messages) {
        mailbox.send(posts, throws);
        assert.deepEqual(mailbox.handled, mailbox.posted);
      }
      assert.deepEqual(mailbox.failures, mailbox.threw);
    }),
  );
});

Deno.test("Mailbox says so when it is full, and handles what it holds", () => {
  class Flooded extends Mailbox<number> {
    handled = 0;
    error: unknown;
    protected override handle(n: number): void {
      this.handled++;
      if (n > 0) return;
      for (let i = 1; i <= MAILBOX_LIMIT; i++) this.post(i);
      this.post(-1);
    }
    protected override failed(error: unknown): void {
      this.error = error;
    }
  }
  const mailbox = new Flooded();
  mailbox.post(0);
  assert.ok(mailbox.error instanceof MailboxFullError);
  assert.equal(mailbox.handled, MAILBOX_LIMIT + 1);
});
