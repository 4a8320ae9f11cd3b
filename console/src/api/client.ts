import { type ClientResponse, hc } from "hono/client";
import type { ResponseFormat } from "hono/types";
import type { SuccessStatusCode } from "hono/utils/http-status";
import type { AdminApp } from "../../../src/routes/admin/app.ts";
import { ApiError } from "./errors.ts";

/** The admin API, typed by the server's own routes. */
export const { api } = hc<AdminApp>("/", { headers: { "X-Syncline-Console": "1" } });

type AnyResponse = ClientResponse<unknown, number, ResponseFormat>;

/** What a call answers when it succeeds. */
export type Success<R> = R extends ClientResponse<infer T, infer S, ResponseFormat>
  ? S extends SuccessStatusCode ? T : never
  : never;

/** Path parameters, each as one segment of the path: the client puts them in as they are, and an id may hold a slash. */
export function at<const T extends Record<string, string>>(parameters: T): { [K in keyof T]: string } {
  const encoded = Object.entries(parameters).map(([name, value]) => [name, encodeURIComponent(value)]);
  return Object.fromEntries(encoded) as { [K in keyof T]: string };
}

/** The items of a call's page. */
export type ItemOf<T> = T extends { items: (infer I)[] } ? I : never;

/** The answer's body. @throws {ApiError} when it is a refusal, or when none came. */
export async function unwrap<R extends AnyResponse>(call: Promise<R>): Promise<Success<R>> {
  const response = await call.catch((cause: unknown) => {
    throw Object.assign(new ApiError({ status: 0, code: "NO_ANSWER", message: "No answer" }), { cause });
  });
  if (!response.ok) throw await refusal(response);
  return (response.status === 204 ? undefined : await response.json()) as Success<R>;
}

async function refusal(response: AnyResponse): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const { code, message, field } = isRefusal(body) ? body : { code: "SYSTEM_ERROR", message: "", field: undefined };
  return new ApiError({ status: response.status, code, message, field });
}

function isRefusal(body: unknown): body is { code: string; message: string; field?: string } {
  return typeof body === "object" && body !== null && "code" in body && "message" in body;
}

interface Page<T> {
  items: T[];
  next: string | null;
}

/** How many pages are looked through for one that is not empty: a rare state is searched for in bounded steps. */
const EMPTY_PAGES = 20;

/** A page that has something on it, if one comes soon: the server may hand out empty pages on its way. */
export async function filledPage<T>(cursor: string | undefined, load: (cursor?: string) => Promise<Page<T>>) {
  let page = await load(cursor);
  for (let tries = 1; page.items.length === 0 && page.next !== null && tries < EMPTY_PAGES; tries++) {
    page = await load(page.next);
  }
  return page;
}
