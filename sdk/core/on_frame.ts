/** What the server says on the current connection. */
import type { ServerFrame } from "../../src/protocol.ts";
import { bind, resync } from "./connect.ts";
import { deliver } from "./handover.ts";
import type { Ledger, Turn } from "./model.ts";
import { receive } from "./receive.ts";
import { INSTALLATION } from "./records.ts";
import { belongsToUser, markDirty, newStream, putStream, restart } from "./stream.ts";
import {
  changed,
  connOf,
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

type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

export function onFrame(turn: Turn, conn: number, frame: ServerFrame): void {
  const link = leading(turn)?.link;
  if (!link || connOf(link) !== conn) return;
  if (link.tag === "online") heard(turn);
  else if (link.tag === "greeting" && frame.type === "welcome") return onWelcome(turn, frame);
  else if (frame.type !== "error") return resync(turn, "no welcome");
  switch (frame.type) {
    case "sync":
      return onSync(turn, frame);
    case "bound":
      return onBound(turn, frame);
    case "reset":
      return onReset(turn, frame);
    case "command":
      return emit(turn, { type: "command", biz: frame.biz, command: frame.command });
    case "ping":
      return send(turn, { type: "pong", n: frame.n });
    case "pong":
      return onPong(turn, frame.n);
    case "error":
      return report(turn, { code: "server", message: `${frame.code}: ${frame.message}` });
    case "welcome":
      return;
  }
}

/** A frame that cannot be read may have held a batch: only a new connection makes up for it. */
export function onGarbled(turn: Turn, conn: number): void {
  const link = leading(turn)?.link;
  if (link && connOf(link) === conn) resync(turn, "unreadable frame");
}

/** Any frame proves life; an answer still due gets its full time anew, because a backlog may lie before it. */
function heard(turn: Turn): void {
  const link = leading(turn)?.link;
  if (link?.tag !== "online") return;
  const pong = link.pong && { ...link.pong, deadline: turn.now + link.pong.withinMs };
  setLink(turn, { ...link, pingAt: turn.now + link.heartbeatMs, pong });
}

function onPong(turn: Turn, n: number): void {
  const link = leading(turn)?.link;
  if (link?.tag === "online" && link.pong?.n === n) setLink(turn, { ...link, pong: null });
}

function onWelcome(turn: Turn, frame: Frame<"welcome">): void {
  const life = leading(turn);
  if (life?.link.tag !== "greeting") return;
  const { session } = life.link;
  const pingAt = turn.now + frame.heartbeatMs;
  setTries(turn, { clockFixed: false, seqRaised: false, clockOffset: frame.serverTime - turn.now });
  setLink(turn, { tag: "online", session, since: turn.now, heartbeatMs: frame.heartbeatMs, pingAt, pong: null });
  takeEpoch(turn, frame.epoch);
  changed(turn, "connected");
  if (frame.user) {
    emit(turn, { type: "consistency", userId: frame.user.userId, verdict: frame.user.consistency });
  }
  if (session.foreground !== turn.core.foreground) {
    setSession(turn, { ...session, foreground: turn.core.foreground });
    send(turn, { type: turn.core.foreground ? "foreground" : "background" });
  }
  // Login, logout or another login came while the hello was on its way.
  if (session.login !== (turn.core.user?.serial ?? 0)) bind(turn);
}

/** Under another epoch every point and reported id is of another database: all users start at 0. */
function takeEpoch(turn: Turn, epoch: string): void {
  const life = leading(turn);
  const session = onlineSession(turn);
  if (!life || !session || life.ledger.epoch === epoch) return;
  let ledger: Ledger = markDirty({ ...life.ledger, epoch }, INSTALLATION);
  for (const stream of life.ledger.streams.values()) {
    ledger = markDirty(putStream(ledger, restart(stream, 0)), stream.key);
  }
  setLedger(turn, ledger);
  setSession(turn, { ...session, cursors: new Map() });
}

function onBound(turn: Turn, frame: Frame<"bound">): void {
  const session = onlineSession(turn);
  if (!session) return;
  if (frame.n !== undefined) {
    if (session.binding.tag !== "binding" || frame.n !== session.binding.n) return;
    setSession(turn, { ...session, binding: { tag: "bound", userId: session.binding.userId } });
  }
  if (frame.userId !== null && frame.consistency) {
    emit(turn, { type: "consistency", userId: frame.userId, verdict: frame.consistency });
  }
}

/** The points of the device and of the bound user are the server's from now on; streams it does not list go to 0. */
function onReset(turn: Turn, frame: Frame<"reset">): void {
  takeEpoch(turn, frame.epoch);
  const life = leading(turn);
  const session = onlineSession(turn);
  if (!life || !session) return;
  const userId = session.binding.tag === "bound" ? session.binding.userId : null;
  const mine = (owner: string) => owner === "" || owner === userId;
  const points = new Map<string, number>();
  let ledger = life.ledger;
  for (const [scope, biz, id] of frame.points) {
    if (belongsToUser(scope) && userId === null) continue;
    const stream = newStream(scope, biz, belongsToUser(scope) ? userId ?? "" : "");
    points.set(stream.key, id);
    if (!ledger.streams.has(stream.key)) ledger = putStream(ledger, stream);
  }
  // While a bind is under way the points it brought stand: the reset speaks of who was bound before.
  const cursors = new Map([...session.cursors].filter(([key]) => !mine(ledger.streams.get(key)?.owner ?? "")));
  for (const stream of [...ledger.streams.values()].filter((s) => mine(s.owner))) {
    const at = points.get(stream.key) ?? 0;
    ledger = markDirty(putStream(ledger, restart(stream, at)), stream.key);
    cursors.set(stream.key, { at, acked: at, owing: new Map() });
  }
  setLedger(turn, ledger);
  setSession(turn, { ...session, cursors });
}

function onSync(turn: Turn, frame: Frame<"sync">): void {
  for (const batch of frame.batches) {
    const life = leading(turn);
    const before = onlineSession(turn);
    if (!life || !before) return;
    const { ledger, session, deliver: out, gap } = receive(turn.core, life.ledger, before, batch);
    if (gap) return resync(turn, `gap in ${batch.biz}`);
    setLedger(turn, ledger);
    setSession(turn, session);
    if (out) deliver(turn, out.stream, ledger.epoch, out.ops);
  }
}
