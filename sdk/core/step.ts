/**
 * The client's decisions: one pure function from a state and an event to the next state and what is to be done. The
 * runner in `engine.ts` performs the effects, in their order, and brings their outcomes back as events.
 */
import {
  connect,
  greetWhenReady,
  onClosed,
  onOpened,
  RESYNC,
  resync,
  retry,
  retrySooner,
  sendAcks,
} from "./connect.ts";
import type { Core, Effect, Event, Settings, Turn } from "./model.ts";
import {
  onBackground,
  onForeground,
  onLogin,
  onLogout,
  onRegister,
  onReport,
  onStart,
  onStop,
  onUnregister,
  prove,
} from "./on_app.ts";
import { onFrame, onGarbled } from "./on_frame.ts";
import { onLead, onLeadLost, onLoaded, onPeer } from "./on_lead.ts";
import { flush, onFailed, onSaved } from "./saving.ts";
import { connOf, leading, setLife, setLink } from "./turn.ts";

export function initialCore(settings: Settings): Core {
  return {
    settings,
    foreground: true,
    user: null,
    biz: new Set(),
    pending: [],
    tries: { attempt: 0, clockFixed: false, seqRaised: false, clockOffset: 0 },
    count: { conn: 0, write: 0, term: 0, login: 0 },
    life: { tag: "idle" },
  };
}

/**
 * @param at the clock's time in ms, and a random number in [0, 1) for this step
 * @returns the next state and the effects, to be performed in order
 */
export function step(
  core: Core,
  event: Event,
  at: { now: number; random: number },
): { core: Core; effects: readonly Effect[] } {
  const turn: Turn = { core, effects: [], ...at };
  dispatch(turn, event);
  // Whatever happened: changed records are written, what became safe is acked, and a hello that waited for it goes.
  flush(turn);
  greetWhenReady(turn);
  sendAcks(turn);
  return { core: turn.core, effects: turn.effects };
}

function dispatch(turn: Turn, event: Event): void {
  switch (event.type) {
    case "start":
      return onStart(turn);
    case "stop":
      return onStop(turn);
    case "foreground":
      return onForeground(turn, event.asked);
    case "background":
      return onBackground(turn);
    case "login":
      return onLogin(turn, event.userId, event.sessionId);
    case "logout":
      return onLogout(turn);
    case "register":
      return onRegister(turn, event.biz);
    case "unregister":
      return onUnregister(turn, event.biz);
    case "report":
      return onReport(turn, event.report);
    case "lead":
      return onLead(turn);
    case "leadLost":
      return onLeadLost(turn);
    case "peer":
      return onPeer(turn, event.message);
    case "loaded":
      return onLoaded(turn, event);
    case "saved":
      return onSaved(turn, event.n);
    case "failed":
      return onFailed(turn, event.n, event.cause);
    case "opened":
      return onOpened(turn, event.conn);
    case "frame":
      return onFrame(turn, event.conn, event.frame);
    case "garbled":
      return onGarbled(turn, event.conn);
    case "closed":
      return onClosed(turn, event.conn, event.code, event.reason);
    case "tick":
      return onTick(turn);
    case "networkUp":
      return retrySooner(turn);
    case "networkDown":
      return prove(turn);
  }
}

/** When the next `tick` is due, in ms since 1970; null: nothing is waited for. */
export function nextDeadline(core: Core): number | null {
  const { life } = core;
  if (life.tag === "standby") return life.stealAt;
  if (life.tag !== "leading") return null;
  const { link } = life;
  if (link.tag === "waiting") return link.at;
  if (link.tag === "connecting" || link.tag === "greeting") return link.deadline;
  if (link.tag === "online") return link.pong ? link.pong.deadline : link.pingAt;
  return null;
}

function onTick(turn: Turn): void {
  const due = nextDeadline(turn.core);
  if (due === null || due > turn.now) return;
  const { life } = turn.core;
  if (life.tag === "standby") {
    setLife(turn, { ...life, stealAt: null });
    return void turn.effects.push({ type: "steal" });
  }
  const link = leading(turn)?.link;
  if (link?.tag === "waiting") return connect(turn);
  if (link?.tag === "connecting" || link?.tag === "greeting") return giveUp(turn);
  if (link?.tag !== "online") return;
  if (link.pong) return resync(turn, "the server does not answer");
  const n = link.session.n + 1;
  const withinMs = turn.core.settings.timing.pongMs;
  const pong = { n, deadline: turn.now + withinMs, withinMs };
  setLink(turn, { ...link, session: { ...link.session, n }, pong });
  turn.effects.push({ type: "send", conn: link.session.conn, frame: { type: "ping", n } });
}

/** The attempt took too long. */
function giveUp(turn: Turn): void {
  const link = leading(turn)?.link;
  const conn = link ? connOf(link) : null;
  if (conn === null) return;
  turn.effects.push({ type: "close", conn, code: RESYNC, reason: "resync" });
  turn.effects.push({ type: "connection", change: "connectFailed", reason: "no answer in time" });
  retry(turn);
}
