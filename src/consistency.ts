import type { Logger } from "@logtape/logtape";
import type { Instance } from "../db/catalog.ts";
import { type AddressGuard, createAddressGuard } from "./address_guard.ts";
import type { Clock } from "./clock.ts";
import type { Consistency as Verdict } from "./protocol.ts";
import { createTenantGate } from "./tenant_gate.ts";
import { askTenant, type TenantAnswer } from "./tenant_request.ts";
import { readVerdict } from "./verdict.ts";

/** What one question to the tenant gave: the verdict, why, and the raw answer for the console's "try it". */
export type Trial = {
  verdict: Verdict;
  /** One sentence for operators; never holds the sessionId. */
  detail: string;
  /** The tenant's HTTP status; null where no answer came. */
  status: number | null;
  /** The tenant's raw answer; null where none came. */
  raw: string | null;
  durationMs: number;
};

/** The login that a client reports (SES-1). */
export type Login = { userId: string; sessionId: string };

/**
 * Asks tenants whether a login is still good (SES-2 to SES-5). Guarantees: nothing rejects; at most a bounded number of
 * requests to one URL are under way; a URL that keeps failing is left alone for a while, which reads as unknown.
 */
export interface Consistency {
  /** Whether this instance has a URL to ask. */
  asks(instance: Instance): boolean;
  /** `reuse`: a valid answer for the same URL and login may be up to 60 s old (a `hello`; a `bind` always asks). */
  validate(instance: Instance, login: Login, reuse: boolean): Promise<Verdict>;
  /** The same with the reason; `raw` and `status` are null for a reused answer. */
  explain(instance: Instance, login: Login, reuse: boolean): Promise<Trial>;
  /** Asks any URL once, past cache and circuit breaker: an operator is looking (the console's "try it"). */
  tryUrl(instance: Instance, url: string, login: Login): Promise<Trial>;
  /** Wait before the next question after `attempt` unknown answers in a row, ms (SES-5). */
  retryDelay(attempt: number): number;
}

export type ConsistencyDeps = {
  clock: Clock;
  log: Pick<Logger, "info" | "warn">;
  /** Which addresses may be asked. @default all but link-local and metadata ones */
  guard?: AddressGuard;
  /** Certificates to trust in place of the usual ones, PEM. */
  ca?: string;
  /** 0 to 1. @default Math.random */
  random?: () => number;
  /** Requests to one URL under way at once. @default 64 */
  concurrency?: number;
  /** How long a failing URL is left alone at first, ms; doubles up to 30 s. @default 1000 */
  breakMs?: number;
  /** Called after each request to a tenant, for metrics. */
  observe?: (trial: Trial) => void;
};

/** How long a `hello` may reuse a valid answer, ms (SES-2). */
const REUSE_MS = 60_000;
/** Valid answers remembered at most; the oldest go first. */
const REMEMBERED = 50_000;

export function createConsistency(deps: ConsistencyDeps): Consistency {
  const { clock, random = Math.random, guard = createAddressGuard(), ca } = deps;
  /** When each login was valid. */
  const remembered = new Map<string, number>();
  const gate = createTenantGate(deps);

  async function ask(instance: Instance, url: string, login: Login, through = gate.pass): Promise<Trial> {
    if (!URL.canParse(url)) return untold("The validation URL is not readable");
    const start = clock.now();
    const question = { instanceId: instance.instanceId, userId: login.userId, sessionId: login.sessionId };
    const answer = await through(url, () => askTenant({ clock, guard, ca }, url, question));
    return read(answer, login, clock.now() - start);
  }

  async function explain(instance: Instance, login: Login, reuse: boolean): Promise<Trial> {
    const url = instance.sessionValidateUrl;
    if (url === null) return untold("This instance has no validation URL");
    const key = JSON.stringify([instance.no, url, login.userId, login.sessionId]);
    const age = clock.now() - (remembered.get(key) ?? -Infinity);
    if (reuse && age >= 0 && age < REUSE_MS) {
      return { ...untold("The same login was valid less than a minute ago"), verdict: "valid" };
    }
    const trial = await ask(instance, url, login);
    deps.observe?.(trial);
    remembered.delete(key);
    if (trial.verdict === "valid") remember(remembered, key, clock.now());
    return trial;
  }

  return {
    asks: (instance) => instance.sessionValidateUrl !== null,
    explain,
    validate: async (instance, login, reuse) => (await explain(instance, login, reuse)).verdict,
    tryUrl: (instance, url, login) => ask(instance, url, login, (_url, request) => request()),
    retryDelay: (attempt) => nextDelay(attempt, random()),
  };
}

/**
 * The wait before the next question after `attempt` (from 0) unknown answers: 1 s, doubling to 60 s, of which a random
 * half is taken off, so that the sessions of a tenant that was down do not all ask at once (SES-5).
 *
 * @param random 0 to 1
 * @returns ms
 */
export function nextDelay(attempt: number, random: number): number {
  return Math.min(1000 * 2 ** Math.min(attempt, 16), 60_000) * (0.5 + random / 2);
}

function read(answer: TenantAnswer, { sessionId }: Login, durationMs: number): Trial {
  if ("failure" in answer) return { ...untold(answer.failure), durationMs };
  return { ...readVerdict(answer.status, answer.text, sessionId), status: answer.status, raw: answer.text, durationMs };
}

function untold(detail: string): Trial {
  return { verdict: "unknown", detail, status: null, raw: null, durationMs: 0 };
}

function remember(remembered: Map<string, number>, key: string, at: number): void {
  remembered.set(key, at);
  if (remembered.size <= REMEMBERED) return;
  for (const oldest of remembered.keys()) {
    remembered.delete(oldest);
    break;
  }
}
