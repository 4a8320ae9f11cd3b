/**
 * A single-device stream (DEV-2): its ops are read from the log and each is given to one session, the eligible one whose
 * user was bound last. Pure; what is given is held in that session's lane until it is acknowledged or the session ends.
 */
import type { TargetOp } from "../db/delivery.ts";
import { admits, expiryOf } from "./eligibility.ts";
import { type Lane, type LaneContext, room } from "./lane_state.ts";

/** All ops up to `readTo` were given to somebody, or nobody here may have them. */
export type SingleStream = {
  readonly readTo: number;
  readonly head: number;
  readonly reading: number | null;
  /** The session whose full window stopped the last page. */
  readonly blockedBy: string | null;
};

export const newSingle = (head: number): SingleStream => ({ readTo: 0, head, reading: null, blockedBy: null });

/** One bound session; `open`: it may be sent ops of this stream now. */
export type Seat = { id: string; lane: Lane; context: LaneContext; open: boolean };

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
    const held = open.some((seat) => seat.lane.window.some((item) => item.op.id === op.id));
    const expired = open.length > 0 && expiryOf(op, open[0]!.context.config) <= open[0]!.context.now;
    if (held || expired || open.length === 0) continue;
    const seat = open.find((candidate) => admits(op, candidate.context.client));
    if (seat === undefined) {
      filtered.push(op.id);
      continue;
    }
    const mine = given.get(seat.id) ?? [];
    const bytes = mine.reduce((sum, other) => sum + other.bytes, seat.lane.windowBytes);
    if (mine.length >= room(seat.lane, seat.context.limits) || bytes >= seat.context.limits.bytes) {
      return { given, readTo: op.id - 1, blockedBy: seat.id, filtered };
    }
    given.set(seat.id, [...mine, op]);
  }
  return { given, readTo: upTo, blockedBy: null, filtered };
}

/** Whether there is something to read, and somebody to give it to. */
export function wantsPage(stream: SingleStream, seats: readonly Seat[]): boolean {
  if (stream.reading !== null || stream.head <= stream.readTo) return false;
  const open = seats.filter((seat) => seat.open);
  const blocker = open.find((seat) => seat.id === stream.blockedBy);
  if (blocker) return room(blocker.lane, blocker.context.limits) * 2 >= blocker.context.limits.ops;
  return open.length > 0;
}
