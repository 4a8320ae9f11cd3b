import type { Log } from "./runtime.ts";

/** Called with the actor that threw, what it threw, and the message it was handling. */
export type Failed<Actor> = (actor: Actor, error: unknown, message: { type: string }) => void;

export type SupervisionOptions<Actor> = {
  log: Log;
  /** Rebuilds the actor from Postgres; its clients notice no more than a repeat. */
  rebuild: (actor: Actor) => void;
  /** Gives the actor up: its connections are closed and will come again. */
  giveUp: (actor: Actor) => void;
  now: () => number;
};

const WINDOW_MS = 10_000;
const FAILURES = 3;

/** Supervises all actors of one kind: a throw rebuilds the actor; its third within ten seconds gives it up. */
export function supervise<Actor extends object>(name: string, options: SupervisionOptions<Actor>): Failed<Actor> {
  const failures = new WeakMap<Actor, number[]>();
  return (actor, error, message) => {
    const now = options.now();
    const recent = [...(failures.get(actor) ?? []).filter((at) => now - at < WINDOW_MS), now];
    failures.set(actor, recent);
    options.log("error", "actor failed", { actor: name, message: message.type, error: String(error) });
    if (recent.length >= FAILURES) options.giveUp(actor);
    else options.rebuild(actor);
  };
}
