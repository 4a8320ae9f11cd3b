import type { CloseCode, CloseHints } from "../src/close_codes.ts";
import type { OutBatch } from "./lane_state.ts";

/** A frame carries at most so many bytes or ops (DLV-2). */
export const FRAME_BYTES = 64 * 1024;
export const FRAME_OPS = 100;

/** One live WebSocket as the actors see it. Everything sent goes out in the order of the calls. */
export interface Connection {
  readonly id: string;
  /** When the client was last heard from, ms. */
  readonly heardAt: number;
  /** Sends a frame, after all batches that were queued before it. */
  send(frame: string): void;
  /** Queues batches; those queued in one turn go out merged. */
  queue(batch: OutBatch): void;
  /** Asks for a sign of life; without one the connection is closed after `PROBE_MS` (DLV-5). */
  probe(): void;
  close(code: CloseCode, hints?: CloseHints, detail?: string): void;
}

/** Bytes of a frame and of a batch around their contents, at most. */
const FRAME_AROUND = '{"type":"sync","batches":[]}'.length;
const BATCH_AROUND = 120;

/** Packs batches into as few `sync` frames as the limits allow, in order, splitting a batch where it must (DLV-2). */
export function syncFrames(batches: readonly OutBatch[]): string[] {
  const frames: string[] = [];
  let parts: string[] = [], bytes = FRAME_AROUND, ops = 0;
  const flush = () => {
    frames.push(`{"type":"sync","batches":[${parts.join(",")}]}`);
    parts = [], bytes = FRAME_AROUND, ops = 0;
  };
  for (const batch of batches) {
    let rest: OutBatch | undefined = batch;
    while (rest !== undefined) {
      const fit: number = fitting(rest, FRAME_OPS - ops, FRAME_BYTES - bytes);
      const none = fit < Math.min(1, rest.ops.length) || bytes + around(rest) > FRAME_BYTES;
      if (none && parts.length > 0) {
        flush();
        continue;
      }
      const [part, remainder]: [OutBatch, OutBatch | undefined] = split(
        rest,
        Math.max(fit, Math.min(1, rest.ops.length)),
      );
      parts.push(encode(part));
      ops += part.ops.length;
      bytes += part.ops.reduce((sum, op) => sum + op.bytes + 1, around(part));
      if (remainder !== undefined) flush();
      rest = remainder;
    }
  }
  if (parts.length > 0) flush();
  return frames;
}

/** Bytes of a batch beside its ops, at most. */
function around({ gone }: OutBatch): number {
  return BATCH_AROUND + (gone ? 10 + gone.join().length : 0);
}

/** How many of the batch's ops fit into what is left of a frame. */
function fitting(batch: OutBatch, ops: number, bytes: number): number {
  let used = around(batch), count = 0;
  while (count < Math.min(batch.ops.length, ops) && used + batch.ops[count]!.bytes < bytes) {
    used += batch.ops[count++]!.bytes + 1;
  }
  return count;
}

/** Cuts an interval behind its nth op: each part covers what it carries. */
function split(batch: OutBatch, count: number): [OutBatch, OutBatch | undefined] {
  if (count >= batch.ops.length) return [batch, undefined];
  const { interval, gone: _gone, ...plain } = batch;
  const head = batch.ops.slice(0, count), tail = batch.ops.slice(count);
  if (!interval) return [{ ...batch, ops: head }, { ...plain, ops: tail }];
  // a repeated send has an empty interval: all its ops lie at or below `from`
  const middle = Math.min(Math.max(head.at(-1)!.id, interval.from), interval.to);
  return [
    { ...batch, ops: head, interval: { from: interval.from, to: middle } },
    { ...plain, ops: tail, interval: { from: middle, to: interval.to } },
  ];
}

function encode(batch: OutBatch): string {
  const interval = batch.interval ? `,"from":${batch.interval.from},"to":${batch.interval.to}` : "";
  const late = batch.late ? `,"late":true` : "";
  const gone = batch.gone ? `,"gone":[${batch.gone.join(",")}]` : "";
  const ops = batch.ops.map((op) => op.json).join(",");
  return `{"scope":"${batch.scope}","biz":"${batch.biz}"${interval}${late},"ops":[${ops}]${gone}}`;
}
