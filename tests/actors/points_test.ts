import assert from "node:assert/strict";
import { reportedPoints, resetPoints, type StartsInput, startsOf } from "../../actors/points.ts";
import type { Config } from "../../db/catalog.ts";
import type { Hydrated } from "../../db/delivery.ts";
import type { Point } from "../../src/protocol.ts";
import { UCHAT } from "./support/lanes.ts";

const LOCK: Config = { ...UCHAT, no: 2, bizType: "LOCK", target: "device" };
const NEWS: Config = { ...UCHAT, no: 3, bizType: "NEWS", target: "device", scope: "global" };
const OFFERS: Config = { ...UCHAT, no: 4, bizType: "OFFERS", scope: "global" };
const TRADE: Config = { ...UCHAT, no: 5, bizType: "TRADE", multiDevice: false };
const TICK: Config = { ...UCHAT, no: 6, bizType: "TICK", persistent: false };
const CONFIGS = [UCHAT, LOCK, NEWS, OFFERS, TRADE, TICK];

const HYDRATED: Hydrated = {
  streams: [{ config: 1, head: 10 }, { config: 5, head: 10 }],
  points: [{ config: 1, point: 6 }, { config: 5, point: 6 }, { config: 4, point: 2 }],
  owed: [],
  marked: [],
  unanswered: [],
};

function starts(points: Point[], input: Partial<StartsInput> = {}) {
  const configs = input.configs ?? CONFIGS;
  const kind = input.kind ?? "user";
  const reported = reportedPoints(points, configs, kind);
  const globalHead = () => 8;
  return startsOf({ configs, kind, hydrated: HYDRATED, reported, sameEpoch: true, globalHead, ...input });
}

const summary = ({ lanes }: ReturnType<typeof starts>) =>
  Object.fromEntries(lanes.map(({ config, start, head }) => [config.bizType, `${start} of ${head}`]));

Deno.test("[PT-2] streams start after the client's reported point, whatever the server's record", () => {
  const result = starts([["user", "UCHAT", 4], ["globalUser", "OFFERS", 3]]);
  assert.deepEqual(summary(result), { UCHAT: "4 of 10", OFFERS: "3 of 8", TRADE: "0 of 10" });
  assert.equal(result.mismatch, false);
});

Deno.test("[PT-2] a reinstalled app reports nothing and gets what is retained again", () => {
  assert.deepEqual(summary(starts([])), { UCHAT: "0 of 10", OFFERS: "0 of 8", TRADE: "0 of 10" });
});

Deno.test("[PT-2] a reported point beyond the record counts as an ack, but not on single-device streams", () => {
  const { ahead } = starts([["user", "UCHAT", 9], ["user", "TRADE", 9], ["globalUser", "OFFERS", 2]]);
  assert.deepEqual(ahead.map(({ config, from, to }) => [config.bizType, from, to]), [["UCHAT", 6, 9]]);
});

Deno.test("[PT-3] a point above the head starts at the server's record, and the client is told", () => {
  const result = starts([["user", "UCHAT", 11], ["globalUser", "OFFERS", 3]]);
  assert.deepEqual([summary(result).UCHAT, result.mismatch], ["6 of 10", true]);
  assert.deepEqual(resetPoints(result.lanes), [["user", "UCHAT", 6], ["globalUser", "OFFERS", 3]]);
});

Deno.test("[PT-3] under another epoch every stream starts at the server's record", () => {
  const result = starts([["user", "UCHAT", 4]], { sameEpoch: false });
  assert.deepEqual([summary(result), result.mismatch, result.ahead], [
    { UCHAT: "6 of 10", OFFERS: "2 of 8", TRADE: "6 of 10" },
    true,
    [],
  ]);
});

Deno.test("[PT-3] a client of another epoch that has no points starts at 0, where it stands, and needs no reset", () => {
  const result = starts([], { sameEpoch: false });
  assert.deepEqual([summary(result), result.mismatch], [
    { UCHAT: "0 of 10", OFFERS: "0 of 8", TRADE: "0 of 10" },
    false,
  ]);
});

Deno.test("[PT-3] a point of a stream that never held anything is above its head", () => {
  const empty = { streams: [], points: [], owed: [], marked: [], unanswered: [] };
  const { lanes, mismatch } = starts([["user", "UCHAT", 1]], { hydrated: empty, globalHead: () => 0 });
  assert.deepEqual([lanes, mismatch], [[], true]);
});

Deno.test("[STR-1] [PT-3] where ids jumped, the head is the id jumped to, and the record never lies above it", () => {
  const jumped = { ...UCHAT, floor: 1_000 };
  assert.deepEqual(summary(starts([["user", "UCHAT", 900]], { configs: [jumped] })), { UCHAT: "900 of 1000" });
  const record = { ...HYDRATED, streams: [], points: [{ config: 1, point: 6 }] };
  assert.deepEqual(starts([["user", "UCHAT", 9]], { configs: [UCHAT], hydrated: record }).lanes, []);
});

Deno.test("reportedPoints takes only points whose scope is the config's, of streams that have points", () => {
  const points: Point[] = [["user", "LOCK", 3], ["device", "LOCK", 4], ["global", "NEWS", 5], ["user", "TICK", 6]];
  assert.deepEqual([...reportedPoints(points, CONFIGS, "device")], [[2, 4], [3, 5]]);
  assert.deepEqual([...reportedPoints(points, CONFIGS, "user")], []);
});

Deno.test("[FLT-3] a stream starts with all that is owed, on both sides of the reported point", () => {
  const owed = [{ config: 1, id: 3 }, { config: 1, id: 7 }, { config: 2, id: 4 }];
  const { lanes } = starts([["user", "UCHAT", 4]], { configs: [UCHAT], hydrated: { ...HYDRATED, owed } });
  assert.deepEqual(lanes.map((lane) => lane.owed), [[3, 7]]);
});
