/** What a run leaves behind, for the judge. Times are ms since its start. */
import type { About, Filter, Kind } from "./plan.ts";

/** One push, as its publisher knows it. */
export type PushRecord = {
  readonly index: number;
  readonly kind: Kind;
  readonly owner: string;
  readonly filter: Filter | null;
  /** Until when it is valid; null: beyond the run. */
  validUntil: number | null;
  /** When it was first posted; -1 never. */
  began: number;
  /** When an answer first said that it is stored anew; -1 never. */
  answered: number;
  attempts: number;
  /** Answers that said: stored anew. One at most is right. */
  stored: number;
  duplicates: number;
  /** Posts of which nobody knows what became: no answer, or one that promised nothing. */
  unknown: number;
  /** The last refusal that says: never stored. */
  refused: string | null;
};

/** One message at an app, or an op's first appearance on a bare socket. */
export type Arrival = {
  readonly push: number;
  readonly id: number;
  readonly at: number;
  readonly late: boolean;
  /**
   * Grows where the order begins anew: when an app on the SDK starts; on a bare socket with another version of the app,
   * which may get what was skipped before, and in single-device streams with each session.
   */
  readonly life: number;
  /** When the app said "received"; -1 never. */
  reported: number;
};

/** What came of one config for one subject: the user on this phone, or the phone itself. */
export type StreamLog = { readonly biz: string; readonly subject: string; readonly arrivals: Arrival[] };

export type PhoneLog = {
  readonly name: string;
  readonly on: "sdk" | "bare";
  /** What it said of itself, the present last. */
  readonly abouts: About[];
  /** Who is logged in at the end. */
  user: string | null;
  readonly streams: Map<string, StreamLog>;
  /** What the phone itself saw go against the protocol. */
  readonly problems: string[];
};

/** A row of the log. */
export type LogRow = { readonly biz: string; readonly owner: string; readonly id: number; readonly push: number };

export type DeadLetter = {
  readonly biz: string;
  readonly subject: string;
  readonly device: string;
  readonly id: number;
  readonly reason: string;
  readonly at: number;
};

/** The first acknowledgement of a single-device op, as the server recorded it. */
export type AckRow = { readonly biz: string; readonly owner: string; readonly id: number; readonly at: number };

export type Evidence = {
  readonly pushes: readonly PushRecord[];
  readonly phones: readonly PhoneLog[];
  readonly log: readonly LogRow[];
  readonly deadLetters: readonly DeadLetter[];
  readonly acks: readonly AckRow[];
  /** When nothing was waited for any more. */
  readonly end: number;
};

export const streamKey = (biz: string, subject: string): string => `${biz} ${subject}`;

/** The log of a stream, made where there is none. */
export function streamOf(log: PhoneLog, biz: string, subject: string): StreamLog {
  const key = streamKey(biz, subject);
  const known = log.streams.get(key);
  if (known) return known;
  const made: StreamLog = { biz, subject, arrivals: [] };
  log.streams.set(key, made);
  return made;
}
