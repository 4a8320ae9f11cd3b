import assert from "node:assert/strict";
import fc from "fast-check";
import { Mailbox, MailboxFullError } from "../../actors/mailbox.ts";

type Message = { n: number; posts: number; throws: boolean };

Deno.test("Mailbox handles every message once, in the order of posting, one at a time, whatever the handler throws", () => {
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ posts: fc.integer({ min: 0, max: 3 }), throws: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant("hold" as const) },
    { weight: 1, arbitrary: fc.constant("release" as const) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const posted: number[] = [], handled: number[] = [], failed: number[] = [], threw: number[] = [];
      let busy = false, count = 0;
      const post = (posts: number, throws: boolean) => {
        const message = { n: ++count, posts, throws };
        posted.push(message.n);
        mailbox.post(message);
      };
      const mailbox: Mailbox<Message> = new Mailbox((message) => {
        assert.equal(busy, false, "two messages at once");
        busy = true;
        handled.push(message.n);
        for (let i = 0; i < message.posts; i++) post(0, false);
        busy = false;
        if (message.throws) {
          threw.push(message.n);
          throw new Error("handler failed");
        }
      }, (_error, message) => failed.push(message.n));
      let held = false;
      for (const one of actions) {
        if (one === "hold") mailbox.hold();
        else if (one === "release") mailbox.release();
        else {
          const before = handled.length;
          post(one.posts, one.throws);
          if (held) assert.equal(handled.length, before, "handled while held");
        }
        if (typeof one === "string") held = one === "hold";
      }
      mailbox.release();
      assert.deepEqual(handled, posted);
      assert.deepEqual(failed, threw);
      assert.equal(mailbox.length, 0);
    }),
  );
});

Deno.test("Mailbox says so when it is full, and keeps what it holds", () => {
  const handled: number[] = [];
  const mailbox = new Mailbox<number>((message) => handled.push(message), () => {}, 2);
  mailbox.hold();
  mailbox.post(1);
  mailbox.post(2);
  assert.throws(() => mailbox.post(3), MailboxFullError);
  assert.equal(mailbox.length, 2);
  mailbox.release();
  assert.deepEqual(handled, [1, 2]);
});
