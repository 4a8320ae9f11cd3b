/**
 * From dirty records to durable ones. One write is under way at a time; what changes meanwhile goes into the next, so
 * a burst of reports costs few writes. What a write held becomes `safe` when it is answered, and only then acked.
 */
import type { Ledger, Safe, Stream, Turn, Writing } from "./model.ts";
import { encodeRecord, INSTALLATION } from "./records.ts";
import { keep, keptKey, markDirty, parseKeptKey, putStream, updateStream, withReported } from "./stream.ts";
import { count, emit, leading, report, setLedger } from "./turn.ts";

/** Starts a write if something changed and none is under way. `force` starts it behind the one under way. */
export function flush(turn: Turn, force = false): void {
  const life = leading(turn);
  if (!life) return;
  const { ledger } = life;
  if (force ? !ledger.dirty.size && !ledger.unsaved.size : ledger.writing || !ledger.dirty.size) return;
  const keys = new Set([...ledger.unsaved, ...ledger.dirty]);
  const n = count(turn, "write");
  const puts: [string, string][] = [], deletes: string[] = [];
  // Kept messages first: a store that keeps only the beginning of a write must not know them as reported yet.
  for (const key of [...keys].sort()) {
    const text = encodeRecord(ledger, key);
    if (text === null) deletes.push(key);
    else puts.push([key, text]);
  }
  setLedger(turn, { ...ledger, dirty: new Set(), unsaved: new Set(), writing: snapshot(ledger, n, keys) });
  emit(turn, { type: "write", n, puts, deletes });
}

function snapshot(ledger: Ledger, n: number, keys: ReadonlySet<string>): Writing {
  const streams = new Map<string, { era: number; safe: Safe }>();
  const kept: { stream: string; id: number; era: number }[] = [];
  for (const key of keys) {
    const s = ledger.streams.get(key);
    if (s) streams.set(key, { era: s.era, safe: { point: s.point, floor: s.floor, reported: s.reported } });
    if (!key.startsWith("k/")) continue;
    const at = parseKeptKey(key);
    const stream = ledger.streams.get(at.stream);
    if (stream?.waiting.get(at.id)?.handed === false && keptKey(stream, at.id, ledger.epoch) === key) {
      kept.push({ ...at, era: stream.era });
    }
  }
  return { n, seq: ledger.seq, keys, streams, kept };
}

export function onSaved(turn: Turn, n: number): void {
  const life = leading(turn);
  const writing = life?.ledger.writing;
  if (!life || !writing || writing.n !== n) return;
  let ledger = madeSafe({ ...life.ledger, writing: null, lean: life.ledger.lean > 1 ? 1 : 0 }, writing);
  for (const k of writing.kept) ledger = settleKept(ledger, k);
  setLedger(turn, ledger);
}

/**
 * The store refused. The same is tried once more, then without the history; after that what the app reported counts as safe all
 * the same: it has it, and not acking would have it sent again and again. Messages kept for an unregistered biz stay
 * unacked. The refused records go along with the next write.
 */
export function onFailed(turn: Turn, n: number, cause: unknown): void {
  const life = leading(turn);
  const writing = life?.ledger.writing;
  if (!life || !writing || writing.n !== n) return;
  const unsaved = new Set([...life.ledger.unsaved, ...writing.keys]);
  const { lean } = life.ledger;
  if (lean < 2) return setLedger(turn, markDirty({ ...life.ledger, writing: null, lean: lean + 1 }, ...unsaved));
  setLedger(turn, madeSafe({ ...life.ledger, writing: null, unsaved }, writing));
  report(turn, { code: "storage", message: "Cannot write to the store", cause });
}

function madeSafe(ledger: Ledger, writing: Writing): Ledger {
  const streams = new Map(ledger.streams);
  for (const [key, snap] of writing.streams) {
    const stream = streams.get(key);
    if (stream && stream.era === snap.era) streams.set(key, { ...stream, safe: snap.safe });
  }
  const safeSeq = writing.keys.has(INSTALLATION) ? writing.seq : ledger.safeSeq;
  return { ...ledger, streams, safeSeq };
}

/** A message is stored for a biz that was not registered: from now on it counts as received (SDK-4). */
function settleKept(ledger: Ledger, k: Writing["kept"][number]): Ledger {
  const stream = ledger.streams.get(k.stream);
  if (!stream) return ledger;
  const key = keptKey(stream, k.id, ledger.epoch);
  const waiting = stream.waiting.get(k.id);
  // Handed on, gone, or void by now: the record is not needed. Unreported, it is waited for like any other.
  if (stream.era !== k.era || !waiting || waiting.handed) return markDirty(ledger, key);
  const message = { id: k.id, epoch: ledger.epoch, op: waiting.op, late: waiting.late, handed: false };
  return updateStream(ledger, stream, withReported(keep(stream, message), [k.id]));
}

/** Takes kept messages out of the store: the app has reported them. */
export function dropKept(ledger: Ledger, stream: Stream, ids: ReadonlySet<number>, epoch?: string | null): Ledger {
  const gone = stream.kept.filter((k) => ids.has(k.id) && (epoch === undefined || epoch === k.epoch));
  if (!gone.length) return ledger;
  const next = putStream(ledger, { ...stream, kept: stream.kept.filter((k) => !gone.includes(k)) });
  return markDirty(next, ...gone.map((k) => keptKey(stream, k.id, k.epoch)));
}
