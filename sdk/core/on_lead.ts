/** One leads: getting the lead, reading the records, losing it, and what the tabs say to each other. */
import { hangUp, retry } from "./connect.ts";
import { handOver } from "./handover.ts";
import type { Event, PeerMessage, Turn } from "./model.ts";
import { applyReport, letGo, onReport, standBy } from "./on_app.ts";
import { decode } from "./records.ts";
import { count, emit, report, setLife, tell } from "./turn.ts";

const ANOTHER = "another tab leads";

export function onLead(turn: Turn): void {
  if (turn.core.life.tag !== "standby") return;
  const term = count(turn, "term");
  setLife(turn, { tag: "loading", term });
  emit(turn, { type: "load", term });
}

export function onLoaded(turn: Turn, event: Extract<Event, { type: "loaded" }>): void {
  const { life, settings, pending, foreground } = turn.core;
  if (life.tag !== "loading" || life.term !== event.term) return;
  const { entries, durable, freshId } = event;
  const { ledger, problems } = decode(entries, { durable, freshId, fixedId: settings.deviceId });
  for (const problem of problems) report(turn, problem);
  setLife(turn, { tag: "leading", ledger, link: { tag: "parked" } });
  turn.core = { ...turn.core, deviceId: ledger.deviceId, pending: [] };
  for (const made of pending) applyReport(turn, made);
  handOver(turn);
  // The one before may have ended without a word, while a tab that somebody looks at is behind this one.
  if (!foreground) tell(turn, { t: "free" });
  retry(turn);
}

/** Another tab took the lead: what is in memory is no longer true, and nothing of it may be written. */
export function onLeadLost(turn: Turn): void {
  const { tag } = turn.core.life;
  if (tag !== "loading" && tag !== "leading") return;
  hangUp(turn, 1000, ANOTHER);
  standBy(turn, null);
}

export function onPeer(turn: Turn, message: PeerMessage): void {
  const { life, foreground, settings, deviceId } = turn.core;
  switch (message.t) {
    case "want":
      if (life.tag !== "leading" && life.tag !== "loading") return;
      if (foreground || life.tag === "loading") return tell(turn, { t: "held", deviceId });
      letGo(turn, ANOTHER);
      return standBy(turn, null);
    case "held":
      if (life.tag !== "standby") return;
      turn.core = { ...turn.core, deviceId: message.deviceId ?? deviceId, life: { ...life, stealAt: null } };
      return;
    case "free":
      if (life.tag !== "standby" || !foreground) return;
      setLife(turn, { ...life, stealAt: turn.now + settings.timing.stealMs });
      return tell(turn, { t: "want" });
    case "report":
      // Who is still reading the records applies it then.
      return life.tag === "leading" || life.tag === "loading" ? onReport(turn, message.report) : undefined;
  }
}
