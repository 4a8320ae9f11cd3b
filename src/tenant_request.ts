import { type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressGuard } from "./address_guard.ts";
import type { Clock } from "./clock.ts";

/** A tenant's answer as it came, or the sentence that says why there is none. */
export type TenantAnswer = { status: number; text: string } | { failure: string };

/** How long the tenant may take, to the last byte and looking its name up included, ms (SES-2). */
export const TIMEOUT_MS = 3000;
/** The longest answer that is read, bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

export type TenantDeps = {
  clock: Clock;
  guard: AddressGuard;
  /** Certificates to trust in place of the usual ones, PEM. */
  ca?: string | undefined;
};

/**
 * Asks a tenant's validation URL. What the client reported travels only inside the JSON body, so nothing of it can
 * become a header. Redirects are handed back as they are. Each question has a connection of its own, made to the address
 * that the guard has seen. Never throws.
 */
export async function askTenant(
  { clock, guard, ca }: TenantDeps,
  url: string,
  question: { instanceId: string; userId: string; sessionId: string },
): Promise<TenantAnswer> {
  const target = new URL(url);
  const refusal = guard.refusal(target);
  if (refusal !== undefined) return { failure: refusal };
  const body = new TextEncoder().encode(JSON.stringify(question));
  const { promise, resolve } = Promise.withResolvers<TenantAnswer>();
  let request: ClientRequest | undefined;
  const cancel = clock.after(TIMEOUT_MS, () => resolve({ failure: `No answer within ${TIMEOUT_MS} ms` }));
  const failed = (error: unknown) =>
    resolve({ failure: `No connection: ${error instanceof Error ? error.message : error}` });
  try {
    const options = { method: "POST", agent: false, lookup: guard.lookup, headers: headersOf(body), ...(ca && { ca }) };
    request = open(target, options);
    let answered = false;
    request.on("response", (response) => {
      answered = true;
      readBounded(response).then(resolve, failed);
    });
    request.on("error", failed);
    request.on("close", () => {
      if (!answered) failed(new Error("it was closed"));
    });
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      failed(new Error("the address answers with another protocol"));
    });
    request.end(body);
    return await promise;
  } catch (error) {
    failed(error);
    return await promise;
  } finally {
    cancel();
    request?.destroy();
  }
}

function headersOf(body: Uint8Array): Record<string, string> {
  return {
    "Content-Type": "application/json",
    "Content-Length": String(body.length),
    "Operation-Type": "com.antcloud.session.validate",
    "Accept-Encoding": "identity",
    "Connection": "close",
  };
}

function open(url: URL, options: RequestOptions): ClientRequest {
  return url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
}

/** Leaving the loop closes the connection, so that nothing past the limit is read. */
async function readBounded(response: IncomingMessage): Promise<TenantAnswer> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) return { failure: `The answer is longer than ${MAX_ANSWER_BYTES} bytes` };
    text += decoder.decode(chunk, { stream: true });
  }
  if (!response.complete) return { failure: "No connection: the answer broke off" };
  return { status: response.statusCode ?? 0, text: text + decoder.decode() };
}
