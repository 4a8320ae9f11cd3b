/** Each state of the client reached by real steps, each event, and a short way to write down what happened. */
import type { ServerFrame } from "../../../src/protocol.ts";
import type { CloseAction } from "../../../sdk/core/close.ts";
import type { Core, Effect, Event, StateName } from "../../../sdk/core/model.ts";
import { initialCore, nextDeadline, step } from "../../../sdk/core/step.ts";
import { DEFAULT_TIMING } from "../../../sdk/options.ts";
import { op, welcome } from "./wire.ts";

export const T0 = 1_700_000_000_000;

/** Frames and close codes count as events of their own. */
export type EventName =
  | Exclude<Event["type"], "frame" | "closed" | "peer">
  | `frame:${ServerFrame["type"]}`
  | `closed:${CloseAction}`
  | `peer:${Extract<Event, { type: "peer" }>["message"]["t"]}`;

const CONN = 1;

const frame = (f: ServerFrame): Event => ({ type: "frame", conn: CONN, frame: f });
const closed = (code: number, reason = ""): Event => ({ type: "closed", conn: CONN, code, reason });
const REPORT = { biz: "LOCK", userId: "", ids: [1], key: "s/device/LOCK/", epoch: "e-1" };

export const EVENTS: Record<EventName, Event> = {
  start: { type: "start" },
  stop: { type: "stop" },
  foreground: { type: "foreground", asked: true },
  background: { type: "background" },
  login: { type: "login", userId: "u", sessionId: "s" },
  logout: { type: "logout" },
  register: { type: "register", biz: "CHAT" },
  unregister: { type: "unregister", biz: "LOCK" },
  report: { type: "report", report: REPORT },
  lead: { type: "lead" },
  leadLost: { type: "leadLost" },
  "peer:want": { type: "peer", message: { t: "want" } },
  "peer:held": { type: "peer", message: { t: "held" } },
  "peer:free": { type: "peer", message: { t: "free" } },
  "peer:report": { type: "peer", message: { t: "report", report: REPORT } },
  loaded: { type: "loaded", term: 1, entries: new Map(), durable: true, freshId: "d" },
  saved: { type: "saved", n: 1 },
  failed: { type: "failed", n: 2, cause: "full" },
  opened: { type: "opened", conn: CONN },
  "frame:welcome": frame(welcome()),
  "frame:bound": frame({ type: "bound", userId: "u", consistency: "valid" }),
  "frame:sync": frame({ type: "sync", batches: [{ scope: "device", biz: "LOCK", from: 1, to: 2, ops: [op(2)] }] }),
  "frame:reset": frame({ type: "reset", epoch: "e-1", points: [] }),
  "frame:command": frame({ type: "command", biz: "LOCK", command: "offline" }),
  "frame:pong": frame({ type: "pong", n: 9 }),
  "frame:ping": frame({ type: "ping", n: 9 }),
  "frame:error": frame({ type: "error", code: "X", message: "y" }),
  garbled: { type: "garbled", conn: CONN },
  "closed:retry": closed(1006),
  "closed:clock": closed(4401, `signature-invalid server-time-ms=${T0}`),
  "closed:replaced": closed(4409, "replaced seq=5"),
  "closed:asked": closed(4403),
  "closed:final": closed(4404),
  tick: { type: "tick" },
  networkUp: { type: "networkUp" },
  networkDown: { type: "networkDown" },
};

type At = { now: number; random: number };

function run(core: Core, events: Event[], at: At = { now: T0, random: 0.5 }): Core {
  return events.reduce((state, event) => step(state, event, at).core, core);
}

function drawn(core: Core): Core {
  return run(core, [EVENTS.tick], { now: nextDeadline(core) ?? T0, random: 0.5 });
}

/** One core in each state; LOCK is registered, one op of it is handed on where there was a connection. */
export function coreIn(state: StateName): Core {
  const fresh = initialCore({ instanceId: "i", about: { sdk: "x" }, keepInBackground: false, timing: DEFAULT_TIMING });
  const idle = run(fresh, [{ type: "register", biz: "LOCK" }]);
  const standby = run(idle, [EVENTS.start]);
  const loading = run(standby, [EVENTS.lead]);
  const waiting = run(loading, [EVENTS.loaded, EVENTS.saved]);
  const connecting = drawn(waiting);
  const greeting = run(connecting, [EVENTS.opened, { type: "saved", n: 2 }]);
  const handed: Event = frame({
    type: "sync",
    batches: [{ scope: "device", biz: "LOCK", from: 0, to: 1, ops: [op(1)] }],
  });
  const online = run(greeting, [EVENTS["frame:welcome"], { type: "saved", n: 3 }, handed]);
  const cores: Record<StateName, Core> = {
    idle,
    standby,
    loading,
    waiting,
    connecting,
    greeting,
    online,
    parked: run(waiting, [EVENTS.background]),
    stopped: run(online, [closed(4403)]),
  };
  return cores[state];
}

/** What an event leads to: the state, then the effects in order. Ticks come when they are due. */
export function outcome(core: Core, event: Event): string {
  const now = event.type === "tick" ? nextDeadline(core) ?? T0 : T0;
  const { core: next, effects } = step(core, event, { now, random: 0.5 });
  const name = next.life.tag === "leading" ? next.life.link.tag : next.life.tag;
  return [name, ...effects.map(word)].join(" ");
}

function word(effect: Effect): string {
  switch (effect.type) {
    case "send":
      return `>${effect.frame.type}`;
    case "close":
      return `close:${effect.code}`;
    case "connection":
      return effect.change;
    case "tell":
      return `tell:${effect.message.t}`;
    case "deliver":
      return `deliver:${effect.ops.map((o) => o.id)}`;
    case "problem":
      return `problem:${effect.problem.code}`;
    case "command":
      return `command:${effect.command}`;
    default:
      return effect.type;
  }
}

/** What each event leads to in one state; a new event fails to compile until every row has its cell. */
export type Row = Record<EventName, string>;
