/** What a batch does to its stream and its cursor: the interval rule (docs/protocol.md). */
import type { Batch, Op } from "../../src/protocol.ts";
import type { Core, Cursor, Delivered, Ledger, Session, Stream } from "./model.ts";
import {
  advance,
  belongsToUser,
  highest,
  isReported,
  keptKey,
  lower,
  markDirty,
  newStream,
  streamKey,
  updateStream,
  waitFor,
} from "./stream.ts";

/** Not persistent messages kept in memory for a biz that is not registered yet. */
const FLEETING = 100;

export type Received = {
  ledger: Ledger;
  session: Session;
  /** What is handed to the app now, in order. */
  deliver: { stream: Stream; ops: Delivered[] } | null;
  /** The batch starts above the received cursor: something is missing. */
  gap: boolean;
};

/**
 * Takes in one batch. Batches of user scopes are dropped while a bind is under way or nobody is bound, because they
 * may still be the former user's.
 */
export function receive(core: Core, ledger: Ledger, session: Session, batch: Batch): Received {
  const dropped = { ledger, session, deliver: null, gap: false };
  const owner = ownerOf(session, batch);
  if (owner === null) return dropped;
  const key = streamKey(batch.scope, batch.biz, owner);
  const before = ledger.streams.get(key) ?? newStream(batch.scope, batch.biz, owner);
  const registered = core.biz.has(batch.biz);
  if (!batch.late && (batch.from === undefined || batch.to === undefined)) {
    return { ...dropped, ...fleeting(ledger, before, batch.ops, registered) };
  }
  const cursor = session.cursors.get(key) ?? NEW_CURSOR;
  if (!batch.late && cursor.at < (batch.from ?? 0)) return { ...dropped, gap: true };

  const { stream, deliver, owing, parked } = takeOps(before, cursor, session.conn, batch, registered);
  const at = batch.late ? cursor.at : Math.max(cursor.at, batch.to ?? 0);
  const after = advance(release({ ...stream, seen: Math.max(stream.seen, at) }, session.conn, batch, owing));
  let next = updateStream(ledger, before, after);
  if (parked.length && ledger.durable) {
    next = markDirty(next, ...parked.map((id) => keptKey(after, id, ledger.epoch)));
  }
  return {
    ledger: next,
    session: { ...session, cursors: new Map(session.cursors).set(key, { ...cursor, at, owing }) },
    deliver: deliver.length ? { stream: after, ops: deliver } : null,
    gap: false,
  };
}

const NEW_CURSOR: Cursor = { at: 0, acked: 0, owing: new Map() };

function ownerOf(session: Session, batch: Batch): string | null {
  if (!belongsToUser(batch.scope)) return "";
  return session.binding.tag === "bound" ? session.binding.userId : null;
}

function fleeting(ledger: Ledger, stream: Stream, ops: readonly Op[], registered: boolean) {
  if (registered) return { deliver: ops.length ? { stream, ops: [...ops] } : null };
  const held = [...(ledger.fleeting.get(stream.key) ?? []), ...ops].slice(-FLEETING);
  // The stream has to be known, or registration would not find what is held for it.
  const streams = new Map(ledger.streams).set(stream.key, stream);
  return { ledger: { ...ledger, streams, fleeting: new Map(ledger.fleeting).set(stream.key, held) } };
}

/** Sorts the ops of a batch into those to hand on, those to keep, and those to ack once more. */
function takeOps(before: Stream, cursor: Cursor, conn: number, batch: Batch, registered: boolean) {
  let stream = before;
  const owing = new Map(cursor.owing);
  const deliver: Delivered[] = [];
  const parked: number[] = [];
  const { from = 0, to = 0 } = batch;
  const top = highest(before);
  for (const op of batch.ops) {
    const known = stream.waiting.get(op.id);
    const covered = !batch.late && from < op.id && op.id <= to;
    // A retry travels in a batch without an interval of its own: the op stays what it was.
    const late = batch.late === true || (!covered && (known ? known.late : op.id <= stream.point));
    owing.set(op.id, batch.late === true || known?.late === true);
    if (isReported(stream, op.id, batch.late === true)) continue;
    if (covered) stream = lower(stream, op.id);
    // What an earlier interval covered without it comes out of order, whatever the server calls it.
    const marked: Delivered = late || (!known && op.id <= top) ? { ...op, late: true } : op;
    stream = waitFor(stream, op.id, { late, conn, op: marked, handed: registered });
    if (registered) deliver.push(marked);
    else parked.push(op.id);
  }
  for (const id of batch.gone ?? []) owing.delete(id);
  return { stream, deliver, owing, parked };
}

/**
 * Stops waiting for ops that are gone, and for those that an earlier connection left waiting and that this interval
 * covers without carrying: the server does not wait for their acks either.
 */
function release(stream: Stream, conn: number, batch: Batch, owing: ReadonlyMap<number, boolean>): Stream {
  const gone = new Set(batch.gone);
  const { from = 0, to = 0 } = batch;
  const waiting = new Map(stream.waiting);
  for (const [id, w] of stream.waiting) {
    const left = !batch.late && w.conn !== conn && from < id && id <= to && !owing.has(id);
    if (gone.has(id) || left) waiting.delete(id);
  }
  return waiting.size === stream.waiting.size ? stream : { ...stream, waiting };
}
