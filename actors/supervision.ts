import type { Log } from "./runtime.ts";

/** Called with what an actor threw and the message it was handling. */
export type Failed<Message> = (error: unknown, message: Message) => void;

export type SupervisionOptions = {
  log: Log;
  /** Rebuilds the actor from Postgres; its clients notice no more than a repeat. */
  rebuild: () => void;
  /** Gives the actor up: its connections are closed and will come again. */
  giveUp: () => void;
  now: () => number;
};

const WINDOW_MS = 10_000;
const FAILURES = 3;

/** One actor's supervisor: a throw rebuilds it; the third within ten seconds gives it up. */
export function supervise<Message extends { type: string }>(
  name: string,
  options: SupervisionOptions,
): Failed<Message> {
  let failures: number[] = [];
  return (error, message) => {
    const now = options.now();
    failures = [...failures.filter((at) => now - at < WINDOW_MS), now];
    options.log("error", "actor failed", { actor: name, message: message.type, error: String(error) });
    if (failures.length >= FAILURES) options.giveUp();
    else options.rebuild();
  };
}
