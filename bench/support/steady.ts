/** Calls `rate` times a second, evenly, for `seconds`; a call is not waited for before the next. Waits for all at the end. */
export async function steadily(rate: number, seconds: number, call: (n: number) => Promise<void>): Promise<void> {
  const start = performance.now();
  const total = rate * seconds;
  const under: Promise<void>[] = [];
  for (let n = 0; n < total;) {
    const due = Math.min(total, Math.floor((performance.now() - start) / 1000 * rate));
    while (n < due) under.push(call(n++));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(under);
}

/** Resolves when `done`. @throws after 15 s. */
export async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!done()) throw new Error("Cannot finish: something sent did not come back within 15 s");
}
