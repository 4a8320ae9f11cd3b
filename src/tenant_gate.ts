import type { Logger } from "@logtape/logtape";
import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhenResult,
} from "cockatiel";
import { Semaphore } from "es-toolkit/promise";
import type { TenantAnswer } from "./tenant_request.ts";

/** Failures in a row after which a URL is left alone. */
const FAILURES = 5;
const LONGEST_BREAK_MS = 30_000;
/** Questions that may wait for one URL; what comes on top is answered unknown and asks again later. */
const WAITING = 20_000;
/** URLs with a gate of their own; there is one per instance, and a few that were changed. */
const URLS = 10_000;

/** The way to one URL. */
type Gate = { slots: Semaphore; waiting: number; breaker: CircuitBreakerPolicy };

/** Lets requests through to each URL: a bounded number at once, and none for a while where they keep failing (SES-5). */
export function createTenantGate({ log, concurrency = 64, breakMs = 1000 }: {
  log: Pick<Logger, "info" | "warn">;
  concurrency?: number;
  breakMs?: number;
}): { pass(url: string, request: () => Promise<TenantAnswer>): Promise<TenantAnswer> } {
  const gates = new Map<string, Gate>();

  function gateOf(url: string): Gate {
    const known = gates.get(url);
    if (known !== undefined) return known;
    if (gates.size >= URLS) gates.clear();
    const gate = { slots: new Semaphore(concurrency), waiting: 0, breaker: newBreaker(url, log, breakMs) };
    gates.set(url, gate);
    return gate;
  }

  return {
    async pass(url, request) {
      const gate = gateOf(url);
      if (gate.waiting >= WAITING) return { failure: "Not asked: too many questions wait for this address" };
      gate.waiting++;
      await gate.slots.acquire();
      gate.waiting--;
      try {
        return await gate.breaker.execute(request);
      } catch (error) {
        if (error instanceof BrokenCircuitError) return { failure: "Not asked: the address kept failing a moment ago" };
        throw error;
      } finally {
        gate.slots.release();
      }
    },
  };
}

/** An answer that says no is an answer; what counts as failing is silence, overload and a broken server. */
function hasFailed(answer: unknown): boolean {
  const given = answer as TenantAnswer;
  return "failure" in given || given.status >= 500 || given.status === 429;
}

function newBreaker(url: string, log: Pick<Logger, "info" | "warn">, breakMs: number): CircuitBreakerPolicy {
  const breaker = circuitBreaker(handleWhenResult(hasFailed), {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: new ExponentialBackoff({ initialDelay: breakMs, maxDelay: LONGEST_BREAK_MS }),
  });
  const { host } = new URL(url); // the path may hold a key
  breaker.onBreak(() => log.warn("validation address keeps failing, left alone for a while", { host }));
  breaker.onReset(() => log.info("validation address answers again", { host }));
  return breaker;
}
