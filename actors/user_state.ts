/**
 * What is known about the user of one session (SES-2 to SES-5). Pure: asks the tenant, again with back-off while the
 * answer is unknown; answers to older questions change nothing.
 */
import type { Consistency } from "../src/protocol.ts";

export type VerdictState =
  /** No online config asks, or the instance has no URL. */
  | { kind: "unasked" }
  | { kind: "asking"; token: number; attempt: number }
  | { kind: "waiting"; token: number; attempt: number }
  | { kind: "known"; verdict: "valid" | "invalid" };

export type VerdictEvent =
  /** `needed`: there is a URL and an online config that asks. `reuse`: a recent valid answer will do (hello). */
  | { type: "bound"; needed: boolean; reuse: boolean; token: number }
  /** The URL changed, or the first config that asks went online. */
  | { type: "changed"; needed: boolean; urlChanged: boolean; token: number }
  | { type: "answered"; token: number; verdict: Consistency }
  | { type: "again"; token: number; next: number };

export type VerdictEffect =
  | { type: "ask"; token: number; reuse: boolean }
  | { type: "later"; token: number; attempt: number }
  | { type: "announce"; verdict: Consistency };

export type VerdictStep = { state: VerdictState; effects: VerdictEffect[] };

export function verdictOf(state: VerdictState): Consistency {
  return state.kind === "known" ? state.verdict : "unknown";
}

export function stepVerdict(state: VerdictState, event: VerdictEvent): VerdictStep {
  switch (event.type) {
    case "bound":
      if (!event.needed) return { state: { kind: "unasked" }, effects: [] };
      return {
        state: { kind: "asking", token: event.token, attempt: 0 },
        effects: [{ type: "ask", token: event.token, reuse: event.reuse }],
      };
    case "changed":
      if (!event.needed) {
        // what is known stays known, unless the URL that said it is gone; nobody is asked any more
        return state.kind === "unasked" || (state.kind === "known" && !event.urlChanged)
          ? { state, effects: [] }
          : settle(state, { kind: "unasked" }, "unknown");
      }
      if (!event.urlChanged && state.kind !== "unasked") return { state, effects: [] };
      // what the former URL said does not count for the new one
      return settle(state, { kind: "asking", token: event.token, attempt: 0 }, "unknown", [
        { type: "ask", token: event.token, reuse: false },
      ]);
    case "answered": {
      if (state.kind !== "asking" || state.token !== event.token) return { state, effects: [] };
      if (event.verdict !== "unknown") {
        return settle(state, { kind: "known", verdict: event.verdict }, event.verdict);
      }
      const { token, attempt } = state;
      return settle(state, { kind: "waiting", token, attempt }, "unknown", [{ type: "later", token, attempt }]);
    }
    case "again":
      if (state.kind !== "waiting" || state.token !== event.token) return { state, effects: [] };
      return {
        state: { kind: "asking", token: event.next, attempt: state.attempt + 1 },
        effects: [{ type: "ask", token: event.next, reuse: false }],
      };
  }
}

function settle(
  from: VerdictState,
  state: VerdictState,
  verdict: Consistency,
  then: VerdictEffect[] = [],
): VerdictStep {
  const announce: VerdictEffect[] = verdictOf(from) === verdict ? [] : [{ type: "announce", verdict }];
  return { state, effects: [...announce, ...then] };
}
