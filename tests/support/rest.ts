import type { PushAnswer } from "../../src/result_codes.ts";

export type Rest = { status: number; headers: Headers; body: PushAnswer };

export type RestOptions = {
  /** @default "/webapi/sync/single" */
  path?: string;
  /** Null leaves it out. @default "default_demo" */
  instanceId?: string | null;
  headers?: Record<string, string>;
};

/** A call of the business API as any caller makes it; an object is sent as JSON. */
export async function post(
  server: { url: string },
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | Record<string, unknown>,
  { path = "/webapi/sync/single", instanceId = "default_demo", headers = {} }: RestOptions = {},
): Promise<Rest> {
  const query = instanceId === null ? "" : `?instanceId=${encodeURIComponent(instanceId)}`;
  const raw = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
  const response = await fetch(`${server.url}${path}${query}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: raw ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A push that is accepted, with a thirdMsgId of its own. */
export const message = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  bizType: "UCHAT",
  linkToken: "u-1",
  thirdMsgId: crypto.randomUUID(),
  payload: "hello",
  ...fields,
});
