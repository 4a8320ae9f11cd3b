import assert from "node:assert/strict";
import { latencyOf } from "../../db/latency.ts";
import { postgresDelivery } from "../../db/delivery_postgres.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import { LATENCY_BUCKETS } from "../../db/progress_postgres.ts";
import { postgresSessions } from "../../db/sessions_postgres.ts";
import type { DayStat } from "../../db/stats.ts";
import { postgresStats } from "../../db/stats_postgres.ts";
import { foldStatistics } from "../../db/sweeper.ts";
import { ACTOR, type CatalogDatabase, catalogDatabase, USER_CONFIG } from "../support/catalog.ts";

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;
/** A midnight (UTC). */
const DAY = Date.UTC(2026, 0, 10);

Deno.test("[STA-1] per day and config: pushes, arrivals and discards, the same after folding and summing up", async () => {
  await using db = await catalogDatabase();
  const { push, arrive, discard } = await traffic(db, ["A", "B"]);
  await push("A", DAY - 1);
  await push("A", DAY, 3);
  await push("B", DAY + 5 * HOUR_MS, 2);
  await arrive("A", DAY + HOUR_MS, [1, 2]);
  await arrive("A", DAY + 2 * HOUR_MS, [2]); // only the first arrival of a push counts
  await discard("B", DAY + DAY_MS, 1);
  const expected: DayStat[] = [
    { day: "2026-01-11", bizType: "B", pushes: 0, arrivals: 0, discards: 1 },
    { day: "2026-01-10", bizType: "A", pushes: 3, arrivals: 2, discards: 0 },
    { day: "2026-01-10", bizType: "B", pushes: 2, arrivals: 0, discards: 0 },
    { day: "2026-01-09", bizType: "A", pushes: 1, arrivals: 0, discards: 0 },
  ];
  assert.deepEqual(await days(db), expected);
  await foldStatistics(db.sql);
  assert.deepEqual(await days(db), expected);
  const stats = postgresStats(db.sql);
  await stats.sampleConnections(DAY + DAY_MS + 6 * HOUR_MS); // sums the 10th
  await db.sql`delete from stat where hour < ${(DAY + DAY_MS) / HOUR_MS}`; // what is summed needs no more hours
  assert.deepEqual(await days(db), expected);
  await stats.sampleConnections(DAY + 9 * DAY_MS);
  await stats.sampleConnections(DAY + 9 * DAY_MS);
  assert.deepEqual(await days(db), expected);
});

Deno.test("[STA-1] after a clock that was far ahead is right again, what happens is counted", async () => {
  await using db = await catalogDatabase();
  const { push } = await traffic(db, ["A"]);
  const stats = postgresStats(db.sql);
  await push("A", DAY - DAY_MS);
  await stats.sampleConnections(DAY + 400 * DAY_MS);
  await push("A", DAY, 2);
  await stats.sampleConnections(DAY + HOUR_MS);
  const expected = [["2026-01-10", 2], ["2026-01-09", 1]];
  const counted = async () => (await days(db)).map(({ day, pushes }) => [day, pushes]);
  assert.deepEqual(await counted(), expected);
  await foldStatistics(db.sql);
  await stats.sampleConnections(DAY + 9 * DAY_MS);
  assert.deepEqual(await counted(), expected);
});

Deno.test("[STA-1] days and configs are paged, each shown once, and chosen by time and bizType", async () => {
  await using db = await catalogDatabase();
  const { push } = await traffic(db, ["A", "B", "C"]);
  for (let day = 0; day < 12; day++) {
    for (const bizType of ["A", "B", "C"]) await push(bizType, DAY + day * DAY_MS);
  }
  const all = await days(db);
  assert.equal(all.length, 36);
  await postgresStats(db.sql).sampleConnections(DAY + 9 * DAY_MS);
  for (const limit of [1, 2, 5, 36, 100]) assert.deepEqual(await days(db, { limit }), all, `limit ${limit}`);
  assert.equal((await days(db, { bizType: "B" })).length, 12);
  const some = await days(db, { from: DAY + 3 * DAY_MS + HOUR_MS, to: DAY + 4 * DAY_MS });
  assert.deepEqual(some.map((item) => item.day), Array(3).fill("2026-01-13"));
  assert.deepEqual(await days(db, { instanceNo: db.instanceNo + 1 }), []);
});

Deno.test("[STA-1] what happened stays counted when a config is deleted, and goes on when it is made again", async () => {
  await using db = await catalogDatabase();
  const { push } = await traffic(db, ["A"]);
  await push("A", DAY);
  const key = { instanceNo: db.instanceNo, bizType: "A" };
  await db.store.setConfigStatus(ACTOR, key, "offline");
  await db.store.deleteConfig(ACTOR, key);
  assert.equal((await days(db))[0]?.pushes, 1);
  const again = await traffic(db, ["A"]);
  await again.push("A", DAY);
  assert.deepEqual(await days(db), [{ day: "2026-01-10", bizType: "A", pushes: 2, arrivals: 0, discards: 0 }]);
});

Deno.test("[STA-2] the overview tells hours, for long ranges days, with the latency of each", async () => {
  await using db = await catalogDatabase();
  const { push, arrive } = await traffic(db, ["A", "B"]);
  await push("A", DAY, 2);
  await push("B", DAY + HOUR_MS);
  await arrive("A", DAY + HOUR_MS, [1], 7);
  const stats = postgresStats(db.sql);
  const query = { instanceNo: db.instanceNo, from: DAY, to: DAY + DAY_MS };
  const short = await stats.overview(query);
  assert.equal(short.stepMs, HOUR_MS);
  assert.deepEqual(short.points.map(({ at, pushes, arrivals, count }) => [at - DAY, pushes, arrivals, count]), [
    [0, 2, 0, 0],
    [HOUR_MS, 1, 1, 1],
  ]);
  const long = await stats.overview({ ...query, from: DAY - 20 * DAY_MS });
  assert.equal(long.stepMs, DAY_MS);
  assert.deepEqual(long.points.map(({ at, pushes, arrivals }) => [at - DAY, pushes, arrivals]), [[0, 3, 1]]);
  assert.deepEqual(long.latency.buckets.filter((bucket) => bucket.count > 0), [{ upToMs: 10, count: 1 }]);
  assert.deepEqual((await stats.overview({ ...query, bizType: "B" })).points.map((point) => point.pushes), [1]);
  await stats.sampleConnections(DAY + 9 * DAY_MS); // the day is summed now
  assert.deepEqual(await stats.overview(query), short);
  assert.deepEqual(await stats.overview({ ...query, from: DAY - 20 * DAY_MS }), long);
  assert.deepEqual((await stats.overview({ ...query, bizType: "B" })).points.map((point) => point.pushes), [1]);
});

Deno.test("[STA-2] connections over time: a sample per minute of the sessions of living nodes", async () => {
  await using db = await catalogDatabase();
  const stats = postgresStats(db.sql);
  const connect = async (node: string, deviceId: string) => {
    const sessions = postgresSessions(db.sql, node);
    await sessions.beat(DAY);
    const session = { instance: db.instanceNo, deviceId, connection: deviceId, seq: 1, foreground: true, userId: null };
    await sessions.claim([{ ...session, os: undefined, appVersion: undefined, connectedAt: DAY }], DAY);
  };
  await connect("one", "d-1");
  await connect("two", "d-2");
  await stats.sampleConnections(DAY + 1000);
  await stats.sampleConnections(DAY + 2000); // the same minute
  await stats.sampleConnections(DAY + 60_000); // nobody was seen for long
  const connections = async (from: number, to: number) =>
    (await stats.overview({ instanceNo: db.instanceNo, from, to })).connections.map((
      { at, connections },
    ) => [at - DAY, connections]);
  assert.deepEqual(await connections(DAY, DAY + HOUR_MS), [[0, 2], [60_000, 0]]);
  assert.deepEqual((await connections(DAY, DAY + 30 * DAY_MS)).length, 1);
  const month = await stats.overview({ instanceNo: db.instanceNo, from: DAY, to: DAY + 30 * DAY_MS });
  assert.deepEqual([month.connections.at(-1)?.connections, month.lastConnections], [2, 0]);
  await stats.sampleConnections(DAY + 32 * DAY_MS);
  assert.deepEqual(await connections(DAY, DAY + HOUR_MS), []);
});

Deno.test("[STA-2] p50 and p99 lie inside the bucket that holds them", () => {
  const kind = (bound: number) => 10 + LATENCY_BUCKETS.findIndex((each) => each === bound);
  const rows = [{ step: 0, kind: kind(10), n: 98 }, { step: 0, kind: kind(250), n: 2 }, { step: 0, kind: 0, n: 1000 }];
  const { p50, p99, count } = latencyOf(rows);
  assert(p50 !== null && p50 > 5 && p50 <= 10);
  assert(p99 !== null && p99 > 100 && p99 <= 250);
  assert.equal(count, 100);
  assert.deepEqual(latencyOf([]), { p50: null, p99: null, count: 0 });
  assert.equal(latencyOf([{ step: 0, kind: kind(Infinity), n: 1 }]).p50, 60_000);
});

/** Makes configs, and their traffic through the log's own stores. */
async function traffic(db: CatalogDatabase, bizTypes: string[]) {
  for (const bizType of bizTypes) await db.store.createConfig(ACTOR, db.instanceNo, { ...USER_CONFIG, bizType });
  const { configs } = await db.store.load();
  const no = (bizType: string) => configs.find((config) => config.bizType === bizType)?.no ?? 0;
  const delivery = postgresDelivery(db.sql);
  const empty = { points: [], arrivals: [], sent: [], done: [], settled: [], discarded: [] };
  const op = { payload: "p", binary: false, os: null, minVersion: null, maxVersion: null, early: false };
  const of = (bizType: string) => ({ instance: db.instanceNo, config: no(bizType), device: "" });
  let mids = 0;
  return {
    push: (bizType: string, at: number, n = 1) =>
      postgresOplog(db.sql).append(Array.from({ length: n }, () => ({
        ...op,
        config: no(bizType),
        owner: "u-1",
        mid: `${ACTOR.operator}-${++mids}`,
        at,
        validUntil: at + DAY_MS,
      }))),
    arrive: (bizType: string, at: number, ids: number[], latency = 1) =>
      delivery.save({ ...empty, at, arrivals: ids.map((id) => ({ ...of(bizType), owner: "u-1", id, latency })) }),
    discard: (bizType: string, at: number, id: number) =>
      delivery.save({ ...empty, at, discarded: [{ ...of(bizType), subject: "u-1", id, mid: "m", attempts: 6 }] }),
  };
}

/** All days, page by page. */
async function days(
  db: CatalogDatabase,
  query: Partial<{ from: number; to: number; bizType: string; limit: number; instanceNo: number }> = {},
) {
  const items: DayStat[] = [];
  let after: { day: string; bizType: string } | null | undefined;
  while (after !== null) {
    const page = await postgresStats(db.sql).days({
      instanceNo: db.instanceNo,
      from: DAY - 30 * DAY_MS,
      to: DAY + 30 * DAY_MS,
      limit: 10,
      ...query,
      after,
    });
    items.push(...page.items);
    after = page.next;
  }
  return items;
}
