import assert from "node:assert/strict";
import fc from "fast-check";
import { Coalescer } from "../../actors/coalescer.ts";

Deno.test("Coalescer answers every call with its own result, in few batches within the limits", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer(), { maxLength: 20 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 7 }),
      fc.scheduler(),
      async (turns, lanes, batch, scheduler) => {
        let running = 0, most = 0, largest = 0;
        const coalescer = new Coalescer<number, number>(async (inputs) => {
          most = Math.max(most, ++running);
          largest = Math.max(largest, inputs.length);
          await scheduler.schedule(Promise.resolve());
          running--;
          return inputs.map((input) => input * 2);
        }, { lanes, batch });
        const answers: Promise<number>[] = [];
        for (const turn of turns) {
          for (const input of turn) answers.push(coalescer.call(input));
          await Promise.resolve();
        }
        await scheduler.waitFor(Promise.all(answers));
        assert.deepEqual(await Promise.all(answers), turns.flat().map((input) => input * 2));
        assert.ok(most <= lanes && largest <= batch);
        assert.equal(coalescer.length, 0);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("Coalescer puts the calls of one turn into one batch", async () => {
  const batches: number[][] = [];
  const coalescer = new Coalescer<number, number>((inputs) => {
    batches.push(inputs);
    return Promise.resolve(inputs);
  });
  await Promise.all([1, 2, 3].map((input) => coalescer.call(input)));
  await coalescer.call(4);
  assert.deepEqual(batches, [[1, 2, 3], [4]]);
});

Deno.test("Coalescer fails the calls of a batch that throws, and no other", async () => {
  const coalescer = new Coalescer<number, number>(
    (inputs) => inputs.includes(2) ? Promise.reject(new Error("refused")) : Promise.resolve(inputs),
    { batch: 1 },
  );
  const results = await Promise.allSettled([1, 2, 3].map((input) => coalescer.call(input)));
  assert.deepEqual(results.map((result) => result.status), ["fulfilled", "rejected", "fulfilled"]);
});

Deno.test("Coalescer leaves out what nobody waits for when its batch begins, and fills the batch with others", async () => {
  const batches: number[][] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const coalescer = new Coalescer<number, number>(async (inputs) => {
    batches.push(inputs);
    await promise;
    return inputs;
  }, { lanes: 1, batch: 2 });
  let gone = false;
  const calls = [1, 2, 3, 4, 5, 6, 7].map((input) => coalescer.call(input, () => !gone || input > 4));
  await Promise.resolve();
  gone = true;
  resolve();
  const results = await Promise.allSettled(calls);
  assert.deepEqual(results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []), [1, 2, 5, 6, 7]);
  assert.deepEqual(batches, [[1, 2], [5, 6], [7]]);
  assert.equal(coalescer.length, 0);
});
