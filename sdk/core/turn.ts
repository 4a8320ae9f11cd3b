/** Small moves that every handler makes on the step under way. */
import type { ClientFrame } from "../../src/protocol.ts";
import type {
  ConnectionChange,
  Core,
  Effect,
  Ledger,
  Life,
  Link,
  PeerMessage,
  Problem,
  Session,
  Turn,
} from "./model.ts";

export type Leading = Extract<Life, { tag: "leading" }>;

export function leading(turn: Turn): Leading | null {
  return turn.core.life.tag === "leading" ? turn.core.life : null;
}

/** The device's, or the user's who is logged in. */
export function mine(turn: Turn, owner: string): boolean {
  return owner === "" || owner === turn.core.user?.userId;
}

export function setLife(turn: Turn, life: Life): void {
  turn.core = { ...turn.core, life };
}

export function setLink(turn: Turn, link: Link): void {
  const life = leading(turn);
  if (life) setLife(turn, { ...life, link });
}

export function setLedger(turn: Turn, ledger: Ledger): void {
  const life = leading(turn);
  if (life) setLife(turn, { ...life, ledger });
}

export function setTries(turn: Turn, tries: Partial<Core["tries"]>): void {
  turn.core = { ...turn.core, tries: { ...turn.core.tries, ...tries } };
}

/** The connection that the link is about, if there is one. */
export function connOf(link: Link): number | null {
  if (link.tag === "connecting") return link.conn;
  return link.tag === "greeting" || link.tag === "online" ? link.session.conn : null;
}

export function onlineSession(turn: Turn): Session | null {
  const link = leading(turn)?.link;
  return link?.tag === "online" ? link.session : null;
}

export function setSession(turn: Turn, session: Session): void {
  const link = leading(turn)?.link;
  if (link?.tag === "online" || link?.tag === "greeting") setLink(turn, { ...link, session });
}

export function emit(turn: Turn, ...effects: Effect[]): void {
  turn.effects.push(...effects);
}

/** @param signAt the time to sign with, on frames that are signed */
export function send(turn: Turn, frame: ClientFrame, signAt?: number): void {
  const link = leading(turn)?.link;
  const conn = link ? connOf(link) : null;
  if (conn !== null) emit(turn, { type: "send", conn, frame, signAt });
}

export function tell(turn: Turn, message: PeerMessage): void {
  emit(turn, { type: "tell", message });
}

export function changed(turn: Turn, change: ConnectionChange, reason = ""): void {
  emit(turn, { type: "connection", change, reason });
}

export function report(turn: Turn, problem: Problem): void {
  emit(turn, { type: "problem", problem });
}

/** One more of a kind: connections, writes, terms and logins are told apart by their number. */
export function count(turn: Turn, what: keyof Core["count"]): number {
  const n = turn.core.count[what] + 1;
  turn.core = { ...turn.core, count: { ...turn.core.count, [what]: n } };
  return n;
}
