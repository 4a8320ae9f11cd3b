import type { Instance } from "../../db/catalog.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { type Consistency, createConsistency } from "../../src/consistency.ts";
import { getLogger } from "../../src/log.ts";

export const LOGIN = { userId: "u-1", sessionId: "s-1" };

export function consistency(options: Partial<Parameters<typeof createConsistency>[0]> = {}): Consistency {
  return createConsistency({ clock: systemClock, log: getLogger("test"), ...options });
}

export function instanceAt(sessionValidateUrl: string | null): Instance {
  return {
    no: 7,
    instanceId: "sit_app",
    workspaceId: "sit",
    appId: "app",
    name: "Test",
    signature: false,
    sessionValidateUrl,
    epoch: "e",
    createdAt: 0,
    secrets: [],
  };
}

/** A tenant on a port of its own. */
export function serveTenant(answer: (request: Request) => Response | Promise<Response>) {
  const asked = Promise.withResolvers<void>();
  const ended = new AbortController();
  let count = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", signal: ended.signal, onListen: () => {} }, (request) => {
    count++;
    asked.resolve();
    return answer(request);
  });
  const url = `http://127.0.0.1:${server.addr.port}/validate`;
  return {
    url,
    instance: instanceAt(url),
    asked: asked.promise,
    count: () => count,
    async [Symbol.asyncDispose]() {
      ended.abort();
      await server.finished;
    },
  };
}

/** A clock that only a test moves. */
export function stepClock(): Clock & { step(ms: number): void; timers(): number } {
  let now = 1_732_000_000_000;
  const timers = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    step(ms) {
      now += ms;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.callback();
      }
    },
    timers: () => timers.size,
  };
}
