/** One stream: what is reported, what is waited for, and how far that is complete from below. */
import type { Scope } from "../../src/protocol.ts";
import type { Kept, Ledger, Safe, Stream, Waiting } from "./model.ts";

/** How many reported ids are remembered per stream beyond those above the point (SDK-5). */
export const REMEMBERED = 1000;

const NOTHING: Safe = { point: 0, floor: 0, reported: new Set() };

export function streamKey(scope: Scope, biz: string, owner: string): string {
  return `s/${scope}/${biz}/${owner}`;
}

/** The other way round, empty. */
export function streamOf(key: string): Stream {
  const [, scope, biz = "", ...owner] = key.split("/");
  return newStream(scope as Scope, biz, owner.join("/"));
}

export function belongsToUser(scope: Scope): boolean {
  return scope === "user" || scope === "globalUser";
}

export function newStream(scope: Scope, biz: string, owner: string): Stream {
  return {
    key: streamKey(scope, biz, owner),
    scope,
    biz,
    owner,
    point: 0,
    seen: 0,
    reported: new Set(),
    floor: 0,
    waiting: new Map(),
    kept: [],
    safe: NOTHING,
    era: 0,
  };
}

/**
 * Whether the app, or the SDK in its place, has taken this op for good. A late op is judged by the list alone; of the
 * others those older than the list are known by the point.
 */
export function isReported(stream: Stream, id: number, late: boolean): boolean {
  if (stream.waiting.has(id)) return false;
  return stream.reported.has(id) || (!late && id <= stream.floor && id <= stream.point);
}

/** The highest id that came here, as far as it is known after a restart: covered by an interval, or reported before. */
export function highest({ seen, reported }: Stream): number {
  let top = seen;
  for (const id of reported) top = Math.max(top, id);
  return top;
}

/** Moves the point to just below the lowest op that is still waited for, and forgets the oldest of a long history. */
export function advance(stream: Stream): Stream {
  let point = Math.max(stream.seen, stream.point);
  for (const [id, w] of stream.waiting) if (!w.late && id > stream.point) point = Math.min(point, id - 1);
  return trim({ ...stream, point }, -REMEMBERED);
}

/**
 * Those above the point do not count: where they are many, a late id would be forgotten at once, and come for ever.
 *
 * @param end where the newest begin; without it all are forgotten
 */
export function trim(stream: Stream, end?: number): Stream {
  const oldest = [...stream.reported].filter((id) => id <= stream.point).slice(0, end);
  if (!oldest.length) return stream;
  const reported = new Set(stream.reported);
  let { floor } = stream;
  for (const id of oldest) {
    reported.delete(id);
    floor = Math.max(floor, id);
  }
  return { ...stream, reported, floor };
}

export function withReported(stream: Stream, ids: Iterable<number>): Stream {
  const reported = new Set(stream.reported);
  const waiting = new Map(stream.waiting);
  for (const id of ids) {
    waiting.delete(id);
    reported.add(id);
  }
  return advance({ ...stream, reported, waiting });
}

/**
 * Points taken from the server: `reset`, or 0 for another epoch. What is waited for comes again; ids above the point
 * are forgotten, because under it they may be given to other ops.
 */
export function restart(stream: Stream, point: number): Stream {
  const upTo = (ids: ReadonlySet<number>) => new Set([...ids].filter((id) => id <= point));
  return {
    ...stream,
    point,
    seen: point,
    reported: upTo(stream.reported),
    floor: Math.min(stream.floor, point),
    waiting: new Map(),
    // Never more than both: an ack or hello before the next save must not claim what was just given up.
    safe: {
      point: Math.min(stream.safe.point, point),
      floor: Math.min(stream.safe.floor, point),
      reported: upTo(stream.safe.reported),
    },
    era: stream.era + 1,
  };
}

export function keep(stream: Stream, kept: Kept): Stream {
  const all = [...stream.kept.filter((k) => k.id !== kept.id || k.epoch !== kept.epoch), kept];
  return { ...stream, kept: all.sort(byId) };
}

export function byId(a: { readonly id: number }, b: { readonly id: number }): number {
  return a.id - b.id;
}

/**
 * An op at or below the point turns out to be for this device after all: an interval carries it that an earlier one
 * covered without it, before the server heard of that point. The point, and what is claimed of it, go back below it.
 */
export function lower(stream: Stream, id: number): Stream {
  if (id > stream.point) return stream;
  const point = id - 1;
  const safe = { ...stream.safe, point: Math.min(stream.safe.point, point) };
  return { ...stream, point, safe, era: stream.era + 1 };
}

export function waitFor(stream: Stream, id: number, w: Waiting): Stream {
  return { ...stream, waiting: new Map(stream.waiting).set(id, w) };
}

/** Where the record of a kept message lies. The epoch is in the key, because another one gives ids anew. */
export function keptKey(stream: Stream, id: number, epoch: string | null): string {
  return `k/${stream.scope}/${stream.biz}/${id}/${encodeURIComponent(epoch ?? "")}/${stream.owner}`;
}

/** The other way round, as far as there is one: of which stream, and its id. */
export function parseKeptKey(key: string): { stream: string; id: number } {
  const [, scope, biz, id, , ...owner] = key.split("/");
  return { stream: `s/${scope}/${biz}/${owner.join("/")}`, id: Number(id) };
}

export function putStream(ledger: Ledger, stream: Stream): Ledger {
  return { ...ledger, streams: new Map(ledger.streams).set(stream.key, stream) };
}

export function markDirty(ledger: Ledger, ...keys: string[]): Ledger {
  if (keys.every((k) => ledger.dirty.has(k))) return ledger;
  const dirty = new Set(ledger.dirty);
  for (const key of keys) dirty.add(key);
  return { ...ledger, dirty };
}

/** Whether the record of the stream, as it would be written, differs. */
export function recordDiffers(a: Stream, b: Stream): boolean {
  return a.point !== b.point || a.reported !== b.reported || a.floor !== b.floor;
}

/** Puts the stream back and marks its record if it has to be written. */
export function updateStream(ledger: Ledger, before: Stream, after: Stream): Ledger {
  if (before === after) return ledger;
  const next = putStream(ledger, after);
  return recordDiffers(before, after) ? markDirty(next, after.key) : next;
}
