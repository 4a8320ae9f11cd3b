import assert from "node:assert/strict";

/** Looks again and again until it sees what is expected. @throws with the difference when it does not within 10 s */
export async function eventually<T>(look: () => Promise<T>, expected: T): Promise<void> {
  for (const deadline = Date.now() + 10_000;; await new Promise((resolve) => setTimeout(resolve, 5))) {
    const seen = await look();
    if (Date.now() > deadline || JSON.stringify(seen) === JSON.stringify(expected)) {
      return assert.deepEqual(seen, expected);
    }
  }
}
