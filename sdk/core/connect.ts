/** The life of a connection, from the drawn delay to the hello and back (SDK-7). */
import type { Hello } from "../../src/protocol.ts";
import { acks, cursorsFrom, pointsOf } from "./acks.ts";
import { backoff, closeAction, parseHints } from "./close.ts";
import type { Binding, Core, Ledger, Link, Session, Turn } from "./model.ts";
import { INSTALLATION } from "./records.ts";
import { markDirty } from "./stream.ts";
import {
  changed,
  connOf,
  count,
  emit,
  leading,
  onlineSession,
  report,
  send,
  setLedger,
  setLink,
  setSession,
  setTries,
} from "./turn.ts";

/** Sent by the client, on a gap and on a connection that does not answer. */
export const RESYNC = 4000;

/**
 * Draws the next attempt. Where the server asked for a delay it answers, and the range does not grow; what it asked for
 * holds whatever else happens, the background too (SDK-7). In the background there is none, unless it is kept (SDK-6).
 */
export function retry(turn: Turn, hintMs = 0): void {
  const { tries, settings, foreground } = turn.core;
  const floor = Math.max(tries.floor, turn.now + hintMs);
  const at = Math.max(floor, turn.now + backoff(tries.attempt, turn.random, settings.timing));
  setTries(turn, { attempt: tries.attempt + (hintMs ? 0 : 1), floor });
  setLink(turn, foreground || settings.keepInBackground ? { tag: "waiting", at } : { tag: "parked" });
}

/** The app or the network has a reason to try now: the delay is drawn anew, as for a first attempt. */
export function retrySooner(turn: Turn): void {
  const link = leading(turn)?.link;
  if (link?.tag !== "waiting") return;
  setTries(turn, { attempt: 0 });
  const drawn = turn.now + backoff(0, turn.random, turn.core.settings.timing);
  setLink(turn, { ...link, at: Math.max(turn.core.tries.floor, Math.min(link.at, drawn)) });
}

export function connect(turn: Turn): void {
  const life = leading(turn);
  if (!life) return;
  const conn = count(turn, "connect");
  const seq = Math.max(life.ledger.seq + 1, turn.now);
  setLedger(turn, markDirty({ ...life.ledger, seq }, INSTALLATION));
  const deadline = turn.now + turn.core.settings.timing.connectMs;
  setLink(turn, { tag: "connecting", conn, opened: false, deadline });
  emit(turn, { type: "open", conn });
  changed(turn, "connecting");
}

export function onOpened(turn: Turn, conn: number): void {
  const link = leading(turn)?.link;
  if (link?.tag === "connecting" && link.conn === conn) setLink(turn, { ...link, opened: true });
}

/** Says hello as soon as the socket is open and the `seq` it carries is stored: a restart must not use it again. */
export function greetWhenReady(turn: Turn): void {
  const life = leading(turn);
  if (!life || life.link.tag !== "connecting" || !life.link.opened || life.ledger.safeSeq < life.ledger.seq) return;
  const { conn, deadline } = life.link;
  const { frame, session } = hello(turn.core, life.ledger, conn);
  setLink(turn, { tag: "greeting", session, deadline });
  send(turn, frame, turn.now + turn.core.tries.clockOffset);
}

function hello(core: Core, ledger: Ledger, conn: number): { frame: Hello; session: Session } {
  const { settings, user, foreground } = core;
  const points = pointsOf(ledger, "");
  const userPoints = user ? pointsOf(ledger, user.userId) : [];
  const frame: Hello = {
    type: "hello",
    protocol: 1,
    seq: ledger.seq,
    instanceId: settings.instanceId,
    deviceId: ledger.deviceId,
    foreground,
    points,
    ...settings.about,
  };
  if (ledger.epoch !== null) frame.epoch = ledger.epoch;
  if (user) frame.user = { userId: user.userId, sessionId: user.sessionId, points: userPoints };
  const cursors = new Map([...cursorsFrom(points, ""), ...cursorsFrom(userPoints, user?.userId ?? "")]);
  const binding: Binding = { tag: "bound", userId: user?.userId ?? null };
  return { frame, session: { conn, cursors, binding, login: user?.serial ?? 0, n: 0, foreground } };
}

/**
 * Tells the server who is logged in now. From here on nothing is acked for the former user, and batches of user scopes
 * are dropped until the answer with this `n`.
 */
export function bind(turn: Turn): void {
  const life = leading(turn);
  const session = onlineSession(turn);
  if (!life || !session) return;
  const { user, tries } = turn.core;
  const n = session.n + 1;
  const points = user ? pointsOf(life.ledger, user.userId) : [];
  const device = [...session.cursors].filter(([key]) => life.ledger.streams.get(key)?.owner === "");
  const cursors = new Map([...device, ...cursorsFrom(points, user?.userId ?? "")]);
  const binding: Binding = { tag: "binding", n, userId: user?.userId ?? null };
  setSession(turn, { ...session, cursors, binding, n, login: user?.serial ?? 0 });
  if (!user) return send(turn, { type: "unbind", n });
  const { userId, sessionId } = user;
  send(turn, { type: "bind", n, userId, sessionId, points }, turn.now + tries.clockOffset);
}

/** Sends what may be acked by now. */
export function sendAcks(turn: Turn): void {
  const life = leading(turn);
  const before = onlineSession(turn);
  if (!life || !before) return;
  const { session, frames } = acks(life.ledger, before);
  if (!frames.length) return;
  setSession(turn, session);
  for (const frame of frames) send(turn, frame);
}

/** Drops the connection from our side; the link is for the caller to set. Late words of it are ignored. */
export function hangUp(turn: Turn, code: number, reason: string): void {
  const link = leading(turn)?.link;
  const conn = link ? connOf(link) : null;
  if (!link || conn === null) return;
  emit(turn, { type: "close", conn, code, reason });
  ended(turn, link, reason);
}

/** Hangs up and comes back. */
export function resync(turn: Turn, reason: string): void {
  hangUp(turn, RESYNC, "resync");
  report(turn, { code: "resync", message: `Reconnecting: ${reason}` });
  retry(turn);
}

function ended(turn: Turn, link: Link, reason: string): void {
  const online = link.tag === "online";
  if (online && turn.now - link.since >= turn.core.settings.timing.stableMs) setTries(turn, { attempt: 0 });
  changed(turn, online ? "disconnected" : "connectFailed", reason);
}

/** The socket is gone: what happens next is in the close-code table. */
export function onClosed(turn: Turn, conn: number, code: number, reason: string): void {
  const life = leading(turn);
  if (!life || connOf(life.link) !== conn) return;
  ended(turn, life.link, reason || `code ${code}`);
  const hints = parseHints(reason);
  switch (closeAction(code)) {
    case "retry":
      return retry(turn, hints.retryAfterMs);
    case "clock": {
      if (turn.core.tries.clockFixed || hints.serverTimeMs === undefined) return stop(turn, code, reason, true);
      setTries(turn, { clockFixed: true, clockOffset: hints.serverTimeMs - turn.now });
      return retry(turn);
    }
    case "replaced": {
      if (life.link.tag === "online" || turn.core.tries.seqRaised || hints.seq === undefined) {
        return stop(turn, code, reason, false);
      }
      setTries(turn, { seqRaised: true });
      setLedger(turn, { ...life.ledger, seq: Math.max(life.ledger.seq, hints.seq) });
      return retry(turn);
    }
    case "asked":
      return stop(turn, code, reason, false);
    case "final":
      return stop(turn, code, reason, true);
  }
}

function stop(turn: Turn, code: number, reason: string, final: boolean): void {
  setLink(turn, { tag: "stopped", code, reason, final });
  const message = `Closed, not reconnecting: ${reason || code}`;
  report(turn, { code: "closed", message, closeCode: code });
}
