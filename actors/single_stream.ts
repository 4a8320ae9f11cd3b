/**
 * A single-device stream (DEV-2): its ops are read from the log and each is given to one session, the eligible one whose
 * user was bound last. Pure; what is given is held in that session's lane until it is acknowledged or the session ends.
 */
import type { TargetOp } from "../db/delivery.ts";
import { admits, expiryOf } from "./eligibility.ts";
import { fits, halfFree, type Lane, type LaneContext, room } from "./lane_state.ts";

/** All ops up to `readTo` were given to somebody, or nobody here may have them. */
export type SingleStream = {
  readonly readTo: number;
  readonly head: number;
  readonly reading: number | null;
  /** The session whose full window, or whose replay that has not begun, stopped the last page. */
  readonly blockedBy: string | null;
  /** Acknowledged or discarded since the page on its way was asked for: it may still hold them. */
  readonly ended: readonly number[];
};

export const newSingle = (head: number): SingleStream => ({
  readTo: 0,
  head,
  reading: null,
  blockedBy: null,
  ended: [],
});

/** One bound session. `lane`: null until its replay begins. `open`: it may be sent ops of this stream now. */
export type Seat = { id: string; lane: Lane | null; context: LaneContext; open: boolean };

export type Assignment = {
  /** Ops by seat id, each in id order. */
  given: Map<string, TargetOp[]>;
  readTo: number;
  blockedBy: string | null;
  /** Skipped only because of OS or version of every open session. */
  filtered: number[];
};

/** Distributes a page that covers the ids up to `upTo`. `seats`: the last bound first. */
export function assign(ops: readonly TargetOp[], upTo: number, seats: readonly Seat[]): Assignment {
  const given = new Map<string, TargetOp[]>();
  const filtered: number[] = [];
  const open = seats.filter((seat) => seat.open);
  for (const op of ops) {
    const held = open.some((seat) => seat.lane?.window.some((item) => item.op.id === op.id));
    const expired = open.length > 0 && expiryOf(op, open[0]!.context.config) <= open[0]!.context.now;
    if (held || expired || open.length === 0) continue;
    const seat = open.find((candidate) => admits(op, candidate.context.client));
    if (seat === undefined) {
      filtered.push(op.id);
      continue;
    }
    const mine = given.get(seat.id) ?? [];
    const bytes = mine.reduce((sum, other) => sum + other.bytes, seat.lane?.windowBytes ?? 0);
    const { limits } = seat.context;
    // the session that was bound last gets an op even where its replay has yet to begin: the op waits for it
    if (seat.lane === null || mine.length >= room(seat.lane, limits) || !fits(bytes, op.bytes, limits)) {
      return { given, readTo: op.id - 1, blockedBy: seat.id, filtered };
    }
    given.set(seat.id, [...mine, op]);
  }
  return { given, readTo: upTo, blockedBy: null, filtered };
}

/** Whether there is something to read, and somebody to give it to. */
export function wantsPage(stream: SingleStream, seats: () => readonly Seat[]): boolean {
  if (stream.reading !== null || stream.head <= stream.readTo) return false;
  const open = seats().filter((seat) => seat.open);
  const blocker = open.find((seat) => seat.id === stream.blockedBy);
  if (blocker) return blocker.lane !== null && halfFree(blocker.lane, blocker.context.limits);
  return open.length > 0;
}
