/** How long the server may take to come to rest, ms. */
export const PATIENCE = 5_000;

/** Waits for what only the server or its log can tell. @throws what `fail` throws when it does not come */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  fail?: () => Promise<void>,
): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!await condition()) {
    if (performance.now() < deadline) await new Promise<void>((resolve) => setTimeout(resolve, 2));
    else if (fail) return await fail();
    else throw new Error(`Cannot see it: ${what}`);
  }
}
