/** What the client does about each close code (docs/protocol.md), and the hints in a close reason. */

export type CloseAction =
  /** Again, after a drawn delay. */
  | "retry"
  /** Signature refused: correct the clock by the hint once, then final. */
  | "clock"
  /** Replaced: before `welcome` once more with a higher `seq`, otherwise stop until the app asks. */
  | "replaced"
  /** Stop until the app asks again. */
  | "asked"
  /** Stop until the next start. */
  | "final";

const ACTIONS: Readonly<Record<number, CloseAction>> = {
  4400: "final",
  4401: "clock",
  4403: "asked",
  4404: "final",
  4409: "replaced",
  4413: "final",
  4426: "final",
};

export function closeAction(code: number): CloseAction {
  return ACTIONS[code] ?? "retry";
}

/** Longest wait that a server can ask for, in ms: a wrong hint must not silence a client for good. */
const LONGEST_HINT = 15 * 60_000;

export type Hints = { retryAfterMs?: number; seq?: number; serverTimeMs?: number };

/** Reads `name key=value key=value`; anything else in it is ignored. */
export function parseHints(reason: string): Hints {
  const hints: Hints = {};
  for (const [, key, digits] of reason.matchAll(/([a-z-]+)=(\d{1,16})(?![\d.])/g)) {
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) continue;
    if (key === "retry-after-ms") hints.retryAfterMs = Math.min(value, LONGEST_HINT);
    if (key === "seq") hints.seq = value;
    if (key === "server-time-ms") hints.serverTimeMs = value;
  }
  return hints;
}

/** Full jitter: anything between 0 and the doubled base (SDK-7), the first attempt included. */
export function backoff(attempt: number, random: number, timing: { baseMs: number; maxMs: number }): number {
  return Math.round(random * Math.min(timing.maxMs, timing.baseMs * 2 ** Math.min(attempt, 30)));
}
