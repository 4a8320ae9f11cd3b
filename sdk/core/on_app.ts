/** What the app does: starting, foreground and background, login, registering, reporting. */
import { bind, hangUp, retry, retrySooner } from "./connect.ts";
import { handOver, takeBack } from "./handover.ts";
import type { Report, Stream, Turn } from "./model.ts";
import { dropKept, flush } from "./saving.ts";
import { streamOf, updateStream, withReported } from "./stream.ts";
import {
  count,
  emit,
  leading,
  mine,
  onlineSession,
  send,
  setLedger,
  setLife,
  setLink,
  setSession,
  setTries,
  tell,
} from "./turn.ts";

export function onStart(turn: Turn): void {
  const { life, foreground, settings } = turn.core;
  if (life.tag === "leading" && life.link.tag === "stopped") return retryFresh(turn);
  if (life.tag !== "idle") return;
  setTries(turn, { attempt: 0, clockFixed: false, seqRaised: false });
  standBy(turn, foreground ? turn.now + settings.timing.stealMs : null);
}

/** Waits for the lead; in the foreground it also asks the leader whether it needs it. */
export function standBy(turn: Turn, stealAt: number | null): void {
  setLife(turn, { tag: "standby", stealAt });
  emit(turn, { type: "acquire" });
  if (stealAt !== null) tell(turn, { t: "want" });
}

/** Everything reported is written before the lead is given up; the next leader reads it. */
export function letGo(turn: Turn, reason: string): void {
  hangUp(turn, 1000, reason);
  flush(turn, true);
  emit(turn, { type: "release" });
}

export function onStop(turn: Turn): void {
  if (turn.core.life.tag === "idle") return;
  if (leading(turn)) letGo(turn, "stopped");
  else emit(turn, { type: "release" });
  setLife(turn, { tag: "idle" });
}

function retryFresh(turn: Turn): void {
  setTries(turn, { attempt: 0, clockFixed: false, seqRaised: false });
  retry(turn);
}

/**
 * @param asked false when the page merely became visible: that does not bring back a client that was told to stay away
 */
export function onForeground(turn: Turn, asked: boolean): void {
  turn.core = { ...turn.core, foreground: true };
  const { life, settings } = turn.core;
  if (life.tag === "standby") {
    setLife(turn, { ...life, stealAt: turn.now + settings.timing.stealMs });
    tell(turn, { t: "want" });
  }
  if (life.tag !== "leading") return;
  switch (life.link.tag) {
    case "parked":
      return retryFresh(turn);
    case "stopped":
      return asked && !life.link.final ? retryFresh(turn) : undefined;
    case "waiting":
      return retrySooner(turn);
    case "online":
      // It is open, but a phone may have slept: only a round trip tells.
      send(turn, { type: "foreground" });
      return ping(turn, settings.timing.probeMs);
    case "connecting":
    case "greeting":
      return;
  }
}

/** Asks for a sign of life within the time given. */
export function ping(turn: Turn, withinMs: number): void {
  const link = leading(turn)?.link;
  if (link?.tag !== "online") return;
  const n = link.session.n + 1;
  const session = { ...link.session, n, foreground: turn.core.foreground };
  setLink(turn, { ...link, session, pong: { n, deadline: turn.now + withinMs, withinMs } });
  send(turn, { type: "ping", n });
}

export function onBackground(turn: Turn): void {
  turn.core = { ...turn.core, foreground: false };
  const { life, settings } = turn.core;
  if (life.tag === "standby") setLife(turn, { ...life, stealAt: null });
  if (life.tag !== "leading") return;
  // A tab that somebody looks at may want the lead now.
  tell(turn, { t: "free" });
  if (settings.keepInBackground) {
    const session = onlineSession(turn);
    if (!session?.foreground) return;
    setSession(turn, { ...session, foreground: false });
    return send(turn, { type: "background" });
  }
  if (life.link.tag === "stopped") return;
  hangUp(turn, 1000, "background");
  setLink(turn, { tag: "parked" });
}

export function onLogin(turn: Turn, userId: string, sessionId: string): void {
  const serial = count(turn, "login");
  turn.core = { ...turn.core, user: { userId, sessionId, serial } };
  userChanged(turn);
  const life = leading(turn);
  if (life?.link.tag === "stopped" && !life.link.final) retryFresh(turn);
}

export function onLogout(turn: Turn): void {
  if (!turn.core.user) return;
  turn.core = { ...turn.core, user: null };
  userChanged(turn);
}

function userChanged(turn: Turn): void {
  bind(turn);
  takeBack(turn, false, ({ owner }) => !mine(turn, owner));
  handOver(turn);
}

export function onRegister(turn: Turn, biz: string): void {
  turn.core = { ...turn.core, biz: new Set(turn.core.biz).add(biz) };
  handOver(turn, biz);
}

export function onUnregister(turn: Turn, biz: string): void {
  const left = new Set(turn.core.biz);
  if (!left.delete(biz)) return;
  turn.core = { ...turn.core, biz: left };
  takeBack(turn, true, (stream) => stream.biz === biz && mine(turn, stream.owner));
}

/** A report made without the records at hand waits for them, and goes to the tab that has them. */
export function onReport(turn: Turn, report: Report): void {
  const life = leading(turn);
  if (life) return applyReport(turn, report);
  turn.core = { ...turn.core, pending: [...turn.core.pending, report] };
  if (turn.core.life.tag === "standby") tell(turn, { t: "report", report });
}

export function applyReport(turn: Turn, report: Report): void {
  const life = leading(turn);
  if (!life) return;
  let ledger = life.ledger;
  const ids = new Set(report.ids.filter((id) => id > 0));
  for (const key of matching(life.ledger.streams, report)) {
    // A stream of which nothing was stored is new to whoever read the records since.
    const before = ledger.streams.get(key) ?? streamOf(key);
    ledger = dropKept(ledger, before, ids, report.epoch);
    const stream = ledger.streams.get(key) ?? before;
    // A message of another epoch says nothing about the ids of this one; a copied one only about what is waited for.
    const counted = [...ids].filter((id) =>
      report.epoch === undefined ? stream.waiting.has(id) : report.epoch === ledger.epoch
    );
    if (counted.length) ledger = updateStream(ledger, stream, withReported(stream, counted));
  }
  setLedger(turn, ledger);
}

function matching(streams: ReadonlyMap<string, Stream>, report: Report): string[] {
  if (report.key !== undefined) return [report.key];
  const all = [...streams.values()];
  return all.filter((s) => s.biz === report.biz && (s.owner === "" || s.owner === report.userId)).map((s) => s.key);
}
