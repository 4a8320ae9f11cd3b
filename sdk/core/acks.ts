/** What may be acked now: what the store holds for good, of what this connection carried. */
import type { Ack, Point } from "../../src/protocol.ts";
import type { Cursor, Ledger, Session, Stream } from "./model.ts";
import { belongsToUser } from "./stream.ts";

/** Ids in one ack frame; the server takes up to 1,000. */
const IDS_PER_ACK = 500;

/** Points in one list: a `hello` stays below 256 KiB and a `bind` below 64 KiB with the longest names. */
const MAX_POINTS = 900;

/** Nothing is acked for a user who is not the bound one, nor while a bind is under way. */
export function acks(ledger: Ledger, session: Session): { session: Session; frames: Ack[] } {
  const frames: Ack[] = [];
  const cursors = new Map(session.cursors);
  for (const [key, cursor] of session.cursors) {
    const stream = ledger.streams.get(key);
    if (!stream || !mayAck(session, stream)) continue;
    const next = ackStream(stream, cursor, frames);
    if (next) cursors.set(key, next);
  }
  return frames.length ? { session: { ...session, cursors }, frames } : { session, frames };
}

function mayAck(session: Session, stream: Stream): boolean {
  if (!belongsToUser(stream.scope)) return true;
  return session.binding.tag === "bound" && session.binding.userId === stream.owner;
}

function ackStream(stream: Stream, cursor: Cursor, frames: Ack[]): Cursor | null {
  const { safe, scope, biz } = stream;
  // Never beyond what this connection covered: an ack speaks only of what was sent on it.
  const point = Math.max(cursor.acked, Math.min(safe.point, cursor.at));
  const owing = new Map(cursor.owing);
  const ids: number[] = [];
  for (const [id, late] of cursor.owing) {
    if (!late && cursor.acked < id && id <= point) owing.delete(id);
    else if (isSafe(stream, id, late)) {
      ids.push(id);
      owing.delete(id);
    }
  }
  if (point === cursor.acked && !ids.length) return null;
  const frame: Ack = { type: "ack", scope, biz };
  const first = ids.slice(0, IDS_PER_ACK);
  frames.push({ ...frame, ...(point > cursor.acked ? { id: point } : {}), ...(first.length ? { ids: first } : {}) });
  for (let i = IDS_PER_ACK; i < ids.length; i += IDS_PER_ACK) {
    frames.push({ ...frame, ids: ids.slice(i, i + IDS_PER_ACK) });
  }
  return { ...cursor, acked: point, owing };
}

function isSafe(stream: Stream, id: number, late: boolean): boolean {
  if (stream.waiting.has(id)) return false;
  return stream.safe.reported.has(id) || (!late && id <= stream.safe.floor);
}

/** The points that a `hello` or `bind` reports: what is stored, of one owner (empty: the device). 0 is left out. */
export function pointsOf(ledger: Ledger, owner: string): Point[] {
  const points: Point[] = [];
  for (const s of ledger.streams.values()) {
    if (s.owner === owner && s.safe.point > 0) points.push([s.scope, s.biz, s.safe.point]);
  }
  return points.slice(0, MAX_POINTS);
}

/** The received cursors start where the points just reported say. */
export function cursorsFrom(points: readonly Point[], owner: string): Map<string, Cursor> {
  return new Map(points.map(([scope, biz, id]) => [
    `s/${scope}/${biz}/${owner}`,
    { at: id, acked: id, owing: new Map() },
  ]));
}
