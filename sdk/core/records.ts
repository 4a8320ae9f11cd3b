/**
 * How the ledger lies in the store: one record for the installation, one per stream, one per kept message, each a JSON
 * text of its own, so that one unreadable record costs one stream and not the installation.
 *
 * A stream's record carries the epoch it was written under. Under another one its points are void, so a crash between
 * two writes cannot pair the points of one database with the epoch of another.
 */
import type { Op, Scope } from "../../src/protocol.ts";
import type { Kept, Ledger, Problem, Stream } from "./model.ts";
import { isId, isObject, isOp, SCOPES } from "./frames.ts";
import { byId, isReported, keptKey, newStream, parseKeptKey, trim, withReported } from "./stream.ts";

export const INSTALLATION = "installation";

type Json = Record<string, unknown>;

export function encodeInstallation(ledger: Ledger): string {
  return JSON.stringify({ v: 1, deviceId: ledger.deviceId, seq: ledger.seq, epoch: ledger.epoch });
}

/** @param lean leave out the history, except what is above the point: it only saves repeats. */
export function encodeStream(stream: Stream, epoch: string | null, lean: boolean): string {
  const { scope, biz, owner, point, floor, reported } = lean ? trim(stream) : stream;
  return JSON.stringify({ scope, biz, owner, epoch, point, floor, reported: [...reported] });
}

export function encodeKept(stream: Stream, op: Op, late: boolean, epoch: string | null): string {
  const { scope, biz, owner } = stream;
  return JSON.stringify({ scope, biz, owner, epoch, late, op });
}

/**
 * Reads what a store returned.
 *
 * @param freshId the device id of an installation that has none yet
 * @param fixedId the app's own device id; it wins
 * @returns the ledger, and one problem for each record that could not be read
 */
export function decode(
  entries: ReadonlyMap<string, string>,
  options: { durable: boolean; freshId: string; fixedId?: string | undefined },
): { ledger: Ledger; problems: Problem[] } {
  const problems: Problem[] = [];
  const dirty = new Set<string>();
  const read = (key: string, text: string): Json => {
    try {
      const value: unknown = JSON.parse(text);
      if (isObject(value)) return value;
    } catch { /* reported below */ }
    problems.push({ code: "record", message: `Cannot read the stored record ${key}` });
    // It is written anew, or deleted.
    dirty.add(key);
    return {};
  };
  const text = entries.get(INSTALLATION);
  const installation = text === undefined ? {} : read(INSTALLATION, text);
  const storedId = str(installation.deviceId);
  const deviceId = options.fixedId ?? (storedId || options.freshId);
  // Points belong to a device id: under another one, as under another epoch, they mean nothing.
  const epoch = deviceId === storedId ? str(installation.epoch) || null : null;
  const streams = new Map<string, Stream>();
  const kept: Json[] = [];
  for (const [key, text] of entries) {
    if (key === INSTALLATION) continue;
    const record = read(key, text);
    if (key.startsWith("k/")) kept.push(record);
    else if (key.startsWith("s/")) addStream(streams, record, epoch);
  }
  if (deviceId !== storedId) dirty.add(INSTALLATION);
  addKept(streams, dirty, kept, epoch);
  const ledger: Ledger = {
    deviceId,
    seq: num(installation.seq),
    safeSeq: num(installation.seq),
    epoch,
    durable: options.durable,
    streams,
    fleeting: new Map(),
    dirty,
    unsaved: new Set(),
    writing: null,
    lean: 0,
  };
  return { ledger, problems };
}

function addStream(streams: Map<string, Stream>, record: Json, epoch: string | null): void {
  const empty = emptyStream(record);
  if (!empty) return;
  if (epoch === null || record.epoch !== epoch) return void streams.set(empty.key, empty);
  const point = num(record.point), floor = Math.min(num(record.floor), point);
  const reported = new Set(Array.isArray(record.reported) ? record.reported.filter(isId) : []);
  streams.set(empty.key, { ...empty, point, seen: point, floor, reported, safe: { point, floor, reported } });
}

/** Sorted once at the end: one by one, thousands of them would take seconds. */
function addKept(streams: Map<string, Stream>, dirty: Set<string>, records: Json[], epoch: string | null): void {
  for (const record of records) {
    const { op } = record;
    const empty = emptyStream(record);
    if (!empty || !isOp(op)) continue;
    const stream = streams.get(empty.key) ?? empty;
    // The streams are new here, and nobody else has them yet.
    const kept = stream.kept as Kept[];
    kept.push({ id: op.id, epoch: str(record.epoch) || null, op, late: record.late === true, handed: false });
    streams.set(stream.key, stream);
  }
  for (const [key, stream] of streams) {
    const kept = (stream.kept as Kept[]).sort(byId);
    // A crash between the two writes leaves the message stored and the stream without its id.
    const lost = kept.filter((k) => epoch !== null && k.epoch === epoch && !isReported(stream, k.id, k.late));
    if (!lost.length) continue;
    streams.set(key, withReported(stream, lost.map((k) => k.id)));
    dirty.add(key);
  }
}

function emptyStream(record: Json): Stream | null {
  const scope = str(record.scope), biz = str(record.biz);
  return SCOPES.includes(scope) && biz ? newStream(scope as Scope, biz, str(record.owner)) : null;
}

const num = (value: unknown): number => isId(value) ? value : 0;
const str = (value: unknown): string => typeof value === "string" ? value : "";

/** The record under a key, or null where it is to be deleted. */
export function encodeRecord(ledger: Ledger, key: string): string | null {
  if (key === INSTALLATION) return encodeInstallation(ledger);
  const stream = ledger.streams.get(key);
  if (stream) return encodeStream(stream, ledger.epoch, ledger.lean > 1);
  return encodeKeptUnder(ledger, key);
}

function encodeKeptUnder(ledger: Ledger, key: string): string | null {
  const at = parseKeptKey(key);
  const stream = ledger.streams.get(at.stream);
  if (!stream) return null;
  const k = stream.kept.find((k) => k.id === at.id && keptKey(stream, k.id, k.epoch) === key);
  if (k) return encodeKept(stream, k.op, k.late, k.epoch);
  const w = keptKey(stream, at.id, ledger.epoch) === key ? stream.waiting.get(at.id) : undefined;
  return w && !w.handed ? encodeKept(stream, w.op, w.late, ledger.epoch) : null;
}
