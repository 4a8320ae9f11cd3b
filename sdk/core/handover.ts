/** Handing over what lay there for a biz: at registration, at login and after a restart (SDK-4). */
import type { Op } from "../../src/protocol.ts";
import type { Delivered, Ledger, Stream, Turn } from "./model.ts";
import { byId, putStream } from "./stream.ts";
import { emit, leading, mine, setLedger } from "./turn.ts";

/** Ops in one message: as many as the server sends at once. */
const PER_MESSAGE = 100;

/**
 * Hands over the messages of registered biz that nobody was handed yet: those of the device, and of the user who is
 * logged in. Each stays in the store until it is reported.
 */
export function handOver(turn: Turn, biz?: string): void {
  const life = leading(turn);
  if (!life) return;
  let ledger = life.ledger;
  for (const stream of life.ledger.streams.values()) {
    if (biz !== undefined && stream.biz !== biz) continue;
    if (turn.core.biz.has(stream.biz) && mine(turn, stream.owner)) ledger = handOverStream(turn, ledger, stream);
  }
  setLedger(turn, ledger);
}

function handOverStream(turn: Turn, ledger: Ledger, stream: Stream): Ledger {
  const waiting = new Map(stream.waiting);
  // By epoch, because ids of two epochs do not compare. Those of a former one are older; only kept ones can be.
  const groups = new Map<string | null, Delivered[]>();
  const add = (epoch: string | null, op: Op, late: boolean) => {
    const group = groups.get(epoch) ?? [];
    group.push(late ? { ...op, late: true } : op);
    groups.set(epoch, group);
  };
  for (const k of stream.kept) if (!k.handed) add(k.epoch, k.op, k.late);
  for (const [id, w] of stream.waiting) {
    if (w.handed) continue;
    add(ledger.epoch, w.op, w.late);
    waiting.set(id, { ...w, handed: true });
  }
  const fleeting = ledger.fleeting.get(stream.key) ?? [];
  if (!groups.size && !fleeting.length) return ledger;
  const current = groups.get(ledger.epoch) ?? [];
  groups.delete(ledger.epoch);
  for (const [epoch, ops] of groups) deliver(turn, stream, epoch, ops);
  deliver(turn, stream, ledger.epoch, [...current.sort(byId), ...fleeting]);
  const left = new Map(ledger.fleeting);
  left.delete(stream.key);
  const kept = stream.kept.map((k) => ({ ...k, handed: true }));
  return putStream({ ...ledger, fleeting: left }, { ...stream, waiting, kept });
}

export function deliver(turn: Turn, stream: Stream, epoch: string | null, ops: readonly Delivered[]): void {
  const userId = stream.owner || (turn.core.user?.userId ?? "");
  for (let i = 0; i < ops.length; i += PER_MESSAGE) {
    const part = ops.slice(i, i + PER_MESSAGE);
    emit(turn, { type: "deliver", key: stream.key, epoch, biz: stream.biz, userId, ops: part });
  }
}

/**
 * Nobody listens to these streams any more: what was handed over and not reported is handed over again next time.
 *
 * @param all also what the server still waits for; false where it sends that anew anyway
 */
export function takeBack(turn: Turn, all: boolean, from: (stream: Stream) => boolean): void {
  const life = leading(turn);
  if (!life) return;
  let ledger = life.ledger;
  for (const stream of life.ledger.streams.values()) {
    if (!from(stream)) continue;
    const kept = stream.kept.map((k) => ({ ...k, handed: false }));
    const waiting = [...stream.waiting].map(([id, w]) => [id, { ...w, handed: w.handed && !all }] as const);
    ledger = putStream(ledger, { ...stream, kept, waiting: new Map(waiting) });
  }
  setLedger(turn, ledger);
}
