/**
 * The client's decisions: one pure function from a state and an event to the next state and what is to be done. The
 * runner in `engine.ts` performs the effects, in their order, and brings their outcomes back as events.
 */
import {
  connect,
  greetWhenReady,
  hangUp,
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
  ping,
} from "./on_app.ts";
import { onFrame, onGarbled } from "./on_frame.ts";
import { onLead, onLeadLost, onLoaded, onPeer } from "./on_lead.ts";
import { flush, onFailed, onSaved } from "./saving.ts";
import { emit, leading, setLife } from "./turn.ts";

export function initialCore(settings: Settings): Core {
  return {
    settings,
    deviceId: settings.deviceId ?? null,
    foreground: true,
    user: null,
    biz: new Set(),
    pending: [],
    tries: { attempt: 0, floor: 0, clockFixed: false, seqRaised: false, clockOffset: 0 },
    count: { connect: 0, write: 0, term: 0, login: 0 },
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
  const handle = HANDLERS[event.type] as (turn: Turn, event: Event) => void;
  handle(turn, event);
  // Whatever happened: changed records are written, what became safe is acked, and a hello that waited for it goes.
  flush(turn);
  greetWhenReady(turn);
  sendAcks(turn);
  return { core: turn.core, effects: turn.effects };
}

type Handlers = { [K in Event["type"]]: (turn: Turn, event: Extract<Event, { type: K }>) => void };

const HANDLERS: Handlers = {
  start: onStart,
  stop: onStop,
  foreground: (turn, { asked }) => onForeground(turn, asked),
  background: onBackground,
  login: (turn, { userId, sessionId }) => onLogin(turn, userId, sessionId),
  logout: onLogout,
  register: (turn, { biz }) => onRegister(turn, biz),
  unregister: (turn, { biz }) => onUnregister(turn, biz),
  report: (turn, { report }) => onReport(turn, report),
  lead: onLead,
  leadLost: onLeadLost,
  peer: (turn, { message }) => onPeer(turn, message),
  loaded: onLoaded,
  saved: (turn, { n }) => onSaved(turn, n),
  failed: (turn, { n, cause }) => onFailed(turn, n, cause),
  opened: (turn, { conn }) => onOpened(turn, conn),
  frame: (turn, { conn, frame }) => onFrame(turn, conn, frame),
  garbled: (turn, { conn }) => onGarbled(turn, conn),
  closed: (turn, { conn, code, reason }) => onClosed(turn, conn, code, reason),
  tick: onTick,
  networkUp: retrySooner,
  networkDown: (turn) => ping(turn, turn.core.settings.timing.probeMs),
};

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
    return emit(turn, { type: "steal" });
  }
  const link = leading(turn)?.link;
  if (link?.tag === "waiting") return connect(turn);
  if (link?.tag === "connecting" || link?.tag === "greeting") {
    hangUp(turn, RESYNC, "no answer");
    return retry(turn);
  }
  if (link?.tag !== "online") return;
  if (link.pong) return resync(turn, "no answer");
  ping(turn, turn.core.settings.timing.pongMs);
}
