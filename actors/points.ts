import type { Config } from "../db/catalog.ts";
import type { Hydrated } from "../db/delivery.ts";
import type { Point } from "../src/protocol.ts";
import type { LaneStart } from "./lane_set.ts";
import { concerns, scopeOf } from "./lane_stream.ts";

/** What the client reported, by config; points of configs that are unknown or of another scope are left out. */
export function reportedPoints(points: readonly Point[], configs: readonly Config[], kind: "user" | "device") {
  const byName = new Map(points.map(([scope, biz, id]) => [`${scope} ${biz}`, id]));
  const reported = new Map<number, number>();
  for (const config of configs) {
    const id = byName.size > 0 && concerns(config, kind)
      ? byName.get(`${scopeOf(config)} ${config.bizType}`)
      : undefined;
    if (id !== undefined && id > 0) reported.set(config.no, id);
  }
  return reported;
}

export type Starts = {
  lanes: LaneStart[];
  /** A reported point lies above its stream's head, or belongs to another database: the client must be reset (PT-3). */
  mismatch: boolean;
  /** Reported points beyond the server's record, or beyond what was not answered: they count as acknowledgements (PT-2). */
  ahead: { config: Config; from: number; to: number }[];
};

export type StartsInput = {
  configs: readonly Config[];
  kind: "user" | "device";
  hydrated: Hydrated;
  reported: ReadonlyMap<number, number>;
  /** The client's points belong to this database. */
  sameEpoch: boolean;
  globalHead: (config: number) => number;
};

/** Where each stream of a device, or of a user on a device, starts (PT-2, PT-3). */
export function startsOf({ configs, kind, hydrated, reported, sameEpoch, globalHead }: StartsInput): Starts {
  const heads = new Map(hydrated.streams.map((stream) => [stream.config, stream.head]));
  const record = new Map(hydrated.points.map((point) => [point.config, point.point]));
  const owed = Map.groupBy(hydrated.owed, (op) => op.config);
  const marked = new Set(hydrated.marked);
  const unanswered = new Map(hydrated.unanswered.map((op) => [op.config, op.id]));
  // without points there is nothing that could be of another database: everything from the start (PT-2)
  const ours = sameEpoch || reported.size === 0;
  const result: Starts = { lanes: [], mismatch: !ours, ahead: [] };
  for (const config of configs) {
    if (!concerns(config, kind)) continue;
    const known = config.scope === "global" ? globalHead(config.no) : heads.get(config.no) ?? 0;
    const head = Math.max(known, config.floor);
    const recorded = Math.min(record.get(config.no) ?? 0, head);
    const claimed = reported.get(config.no) ?? 0;
    const honoured = ours && claimed <= head;
    if (!honoured && claimed > 0) result.mismatch = true;
    const start = honoured ? claimed : recorded;
    if (head === 0 && start === 0) continue;
    const multi = config.scope === "global" || config.target === "device" || config.multiDevice;
    const ahead = start > recorded || (unanswered.get(config.no) ?? Infinity) <= start;
    if (honoured && multi && ahead) result.ahead.push({ config, from: recorded, to: start });
    const ids = (owed.get(config.no) ?? []).map((op) => op.id);
    result.lanes.push({ config, start, head, owed: ids, plain: !marked.has(config.no) });
  }
  return result;
}

/** The `points` of a `reset`: where the streams start; those not listed start at 0. */
export function resetPoints(lanes: readonly { config: Config; start: number }[]): Point[] {
  return lanes.filter((lane) => lane.start > 0).map(({ config, start }) => [scopeOf(config), config.bizType, start]);
}
