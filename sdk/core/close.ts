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

export type Hints = Record<"retryAfterMs" | "seq" | "serverTimeMs", number | undefined>;

/** Reads `name key=value key=value`; anything else in it is ignored. */
export function parseHints(reason: string): Hints {
  const read = (key: string) => {
    const digits = new RegExp(`\\b${key}=(\\d{1,15})(?![\\d.])`).exec(reason)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const retryAfterMs = read("retry-after-ms");
  return {
    retryAfterMs: retryAfterMs && Math.min(retryAfterMs, LONGEST_HINT),
    seq: read("seq"),
    serverTimeMs: read("server-time-ms"),
  };
}

/** Full jitter: anything between 0 and the doubled base (SDK-7), the first attempt included. */
export function backoff(attempt: number, random: number, timing: { baseMs: number; maxMs: number }): number {
  return Math.round(random * Math.min(timing.maxMs, timing.baseMs * 2 ** Math.min(attempt, 30)));
}
