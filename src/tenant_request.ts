import type { AddressGuard } from "./address_guard.ts";
import type { Clock } from "./clock.ts";

/** The part of `fetch` that is needed. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A tenant's answer as it came, or the sentence that says why there is none. */
export type TenantAnswer = { status: number; text: string } | { failure: string };

/** How long the tenant may take, to the last byte, ms (SES-2). */
export const TIMEOUT_MS = 3000;
/** The longest answer that is read, bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Asks a tenant's validation URL. What the client reported travels only inside the JSON body, so nothing of it can
 * become a header. Redirects are handed back as they are. Never throws.
 */
export async function askTenant(
  deps: { fetch: Fetch; clock: Clock; guard: AddressGuard },
  url: string,
  question: { instanceId: string; userId: string; sessionId: string },
): Promise<TenantAnswer> {
  const abort = new AbortController();
  const cancel = deps.clock.after(TIMEOUT_MS, () => abort.abort());
  try {
    const refusal = await Promise.race([deps.guard(new URL(url)), aborted(abort.signal)]);
    if (refusal !== undefined) return { failure: refusal };
    const response = await deps.fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: { "Content-Type": "application/json", "Operation-Type": "com.antcloud.session.validate" },
      body: JSON.stringify(question),
      signal: abort.signal,
    });
    const text = await readBounded(response);
    return text === undefined
      ? { failure: `The answer is longer than ${MAX_ANSWER_BYTES} bytes` }
      : { status: response.status, text };
  } catch (error) {
    if (abort.signal.aborted) return { failure: `No answer within ${TIMEOUT_MS} ms` };
    return { failure: `No connection: ${error instanceof Error ? error.message : error}` };
  } finally {
    cancel();
  }
}

/** The guard may have to look a name up: that counts against the time, too. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** @returns undefined where the body is too long; the connection is then given up. */
async function readBounded(response: Response): Promise<string | undefined> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) return undefined; // leaving the loop cancels the body
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
