/** What the log says, and what is wrong with it by itself. */
import type { Evidence, LogRow, PushRecord } from "./evidence.ts";
import { streamKey } from "./evidence.ts";
import type { Wrong } from "./judge_stream.ts";

export type ReadLog = {
  /** The id that a push has in the log; null where it is not there. */
  readonly idOf: (push: number) => number | null;
  /** How many ops of its stream are newer than this id. */
  readonly newer: (push: PushRecord, id: number) => number;
  /** When ops of a single-device stream were first acknowledged, by id. */
  readonly ackedAt: (biz: string, owner: string) => ReadonlyMap<number, number> | undefined;
  readonly wrong: readonly Wrong[];
};

/** Within one ms nobody can say which of two calls was first. */
const CLOCK_MS = 2;

export function readLog({ pushes, log, acks }: Evidence): ReadLog {
  const wrong: Wrong[] = [];
  const ids = new Float64Array(pushes.length).fill(-1);
  const streams = new Map<string, LogRow[]>();
  for (const row of log) {
    const push = pushes[row.push];
    const name = `m-${row.push}`;
    if (!push || push.attempts === 0) {
      wrong.push({ rule: "PUSH-3", what: `${row.biz} ${row.owner} has ${name}, which nobody pushed` });
      continue;
    }
    if (push.kind.bizType !== row.biz || push.owner !== row.owner) {
      wrong.push({ rule: "STR-1", what: `${name} lies in ${row.biz} ${row.owner}, not where it was pushed` });
    }
    if (ids[row.push]! >= 0) {
      wrong.push({ rule: "PUSH-4", what: `${name} is stored twice: ids ${ids[row.push]} and ${row.id}` });
    }
    if (push.refused !== null && push.unknown === 0 && push.stored === 0) {
      wrong.push({ rule: "PUSH-1", what: `${name} is stored, and was refused: ${push.refused}` });
    }
    ids[row.push] = row.id;
    const key = streamKey(row.biz, row.owner);
    const rows = streams.get(key);
    if (rows) rows.push(row);
    else streams.set(key, [row]);
  }
  const sorted = new Map<string, Float64Array>();
  for (const [key, rows] of streams) {
    rows.sort((a, b) => a.id - b.id);
    wrong.push(...judgeIds(key, rows, pushes));
    sorted.set(key, Float64Array.from(rows, (row) => row.id));
  }
  const acked = Map.groupBy(acks, (ack) => streamKey(ack.biz, ack.owner));
  return {
    ackedAt: (biz, owner) => {
      const rows = acked.get(streamKey(biz, owner));
      return rows && new Map(rows.map(({ id, at }) => [id, at]));
    },
    idOf: (push) => ids[push]! >= 0 ? ids[push]! : null,
    newer: (push, id) => newerThan(sorted.get(streamKey(push.kind.bizType, push.owner)), id),
    wrong,
  };
}

/** STR-1: no id twice, and a call that began after another was answered has the higher id. */
function judgeIds(stream: string, rows: readonly LogRow[], pushes: readonly PushRecord[]): Wrong[] {
  const wrong: Wrong[] = [];
  let firstAnswer = Infinity, answered = -1;
  for (let n = rows.length - 1; n >= 0; n--) {
    const { id, push } = rows[n]!;
    if (rows[n + 1]?.id === id) wrong.push({ rule: "STR-1", what: `${stream} has the id ${id} twice` });
    const { began, answered: at } = pushes[push]!;
    if (began > firstAnswer + CLOCK_MS) {
      const other = `m-${answered}, which was answered at ${firstAnswer} ms`;
      wrong.push({ rule: "STR-1", what: `${stream}: m-${push} began at ${began} ms and has a lower id than ${other}` });
    }
    if (at >= 0 && at < firstAnswer) {
      firstAnswer = at;
      answered = push;
    }
  }
  return wrong;
}

function newerThan(ids: Float64Array | undefined, id: number): number {
  if (!ids) return 0;
  let low = 0, high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle]! <= id) low = middle + 1;
    else high = middle;
  }
  return ids.length - low;
}
