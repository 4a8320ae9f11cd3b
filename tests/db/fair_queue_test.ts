import assert from "node:assert/strict";
import fc from "fast-check";
import { FairQueue } from "../../db/fair_queue.ts";

type Item = { share: number; n: number };

/** A queue, and what became of everything that was put into it. */
function setUp(limit: number, line: number) {
  let asked = 0;
  const queue = new FairQueue<Item>({ limit, line, shareOf: ({ share }) => (asked++, share) });
  const out: Item[] = [];
  let count = 0;
  const push = (share: number) => {
    const refused = queue.push({ share, n: ++count });
    if (refused) out.push(refused);
    return refused;
  };
  return { queue, push, out, asked: () => asked };
}

Deno.test("FairQueue is one line in the order of coming while it is short, and asks nobody whose an item is", () => {
  const { queue, push, asked } = setUp(100, 10);
  for (const share of [1, 2, 1, 1, 2]) assert.equal(push(share), null);
  assert.deepEqual(queue.take(3).map(({ n }) => n), [1, 2, 3]);
  assert.deepEqual([queue.take(3).map(({ n }) => n), queue.length, asked()], [[4, 5], 0, 0]);
});

Deno.test("FairQueue lets shares enter in turn once the line is full: a quiet one waits for the line, not for all of a noisy one", () => {
  const { queue, push } = setUp(1_000, 4);
  for (let n = 0; n < 500; n++) push(1);
  push(2);
  push(2);
  push(3);
  assert.deepEqual(queue.take(4).map(({ share }) => share), [1, 1, 1, 1]);
  assert.deepEqual(queue.take(4).map(({ share }) => share), [1, 2, 3, 1]);
  assert.deepEqual(queue.take(4).map(({ share }) => share), [2, 1, 1, 1]);
  assert.equal(queue.length, 503 - 12);
});

Deno.test("FairQueue when full: a newcomer takes the newest place of the longest share, and never one of a share as short as its own", () => {
  const { queue, push, out } = setUp(20, 4);
  for (let n = 0; n < 20; n++) push(1);
  assert.deepEqual(push(1), { share: 1, n: 21 }, "who fills it is refused himself");
  for (let n = 0; n < 100; n++) push(2);
  assert.equal(queue.length, 20);
  assert.deepEqual(
    out.slice(1, 9).map(({ share, n }) => [share, n]),
    [20, 19, 18, 17, 16, 15, 14, 13].map((n) => [1, n]),
  );
  assert.ok(out.slice(9).every(({ share }) => share === 2));
  assert.ok(push(3)?.share !== 3, "a third finds its place");
});

Deno.test("FairQueue loses nothing, repeats nothing, holds its limit, and no share's items overtake each other", () => {
  const step = fc.oneof(
    fc.record({ push: fc.constantFrom(1, 1, 1, 1, 2, 3) }),
    fc.record({ take: fc.integer({ min: 1, max: 7 }) }),
  );
  fc.assert(fc.property(
    fc.array(step, { maxLength: 300, size: "max" }),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 9 }),
    (steps, limit, line) => {
      const { queue, push, out } = setUp(limit, line);
      const taken: Item[] = [];
      let pushed = 0;
      for (const each of steps) {
        if ("take" in each) taken.push(...queue.take(each.take));
        else {
          pushed++;
          const refuses = queue.refuses(each.push);
          assert.equal(push(each.push)?.n === pushed, refuses, "it is known before");
        }
        assert.ok(queue.length <= limit);
      }
      while (queue.length > 0) {
        const more = queue.take(5);
        assert.ok(more.length > 0, "what waits can be taken");
        taken.push(...more);
      }
      const all = [...taken, ...out].map(({ n }) => n).sort((a, b) => a - b);
      assert.deepEqual(all, Array.from({ length: pushed }, (_, n) => n + 1));
      for (const [, own] of Map.groupBy(taken, ({ share }) => share)) {
        assert.deepEqual(own, own.toSorted((a, b) => a.n - b.n));
      }
    },
  ));
});
