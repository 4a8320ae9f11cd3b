import assert from "node:assert/strict";
import type { NewConfig } from "../../db/catalog_store.ts";
import type { DeliveryStore, Progress, Target } from "../../db/delivery.ts";
import { postgresDelivery } from "../../db/delivery_postgres.ts";
import type { NewOp } from "../../db/oplog.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import {
  type DeadLetterCursor,
  PUSH_HISTORY_MS,
  PUSH_STATES,
  type PushCursor,
  type PushItem,
  type PushQuery,
  type PushStates,
} from "../../db/push_states.ts";
import { postgresPushStates } from "../../db/push_states_postgres.ts";
import { ACTOR, type CatalogDatabase, catalogDatabase, USER_CONFIG } from "../support/catalog.ts";

const NOW = ACTOR.at;
const DAY_MS = 24 * 3600_000;
const MULTI: NewConfig = { ...USER_CONFIG, bizType: "MULTI", multiDevice: true };
const DEVICE: NewConfig = { ...MULTI, bizType: "DEVICE", target: "device" };
const GLOBAL: NewConfig = { ...MULTI, bizType: "GLOBAL", scope: "global", target: "device" };

Deno.test("[CON-4] pending: nobody is known, or a known device still waits", async () => {
  await using log = await openLog(MULTI);
  await log.push({ owner: "u-1" });
  assert.equal(await log.state(1), "pending");
  await log.save({ points: [log.point("d-1", 0)] });
  assert.equal(await log.state(1), "pending");
});

Deno.test("[CON-4] sent, then arrived with time and device, whatever became of it elsewhere", async () => {
  await using log = await openLog(MULTI);
  await log.push({ owner: "u-1" });
  await log.save({ sent: [{ ...log.at("d-1", 1), attempts: 2 }] });
  assert.equal(await log.state(1), "sent");
  await log.save({
    at: NOW + 5,
    arrivals: [{ ...log.stream(), id: 1, device: "d-2", latency: 5 }],
    discarded: [{ ...log.at("d-1", 1), mid: "m-1", attempts: 6 }],
  });
  const [item] = (await log.list({})).items;
  assert.deepEqual([item?.state, item?.arrivedAt, item?.deviceId], ["arrived", NOW + 5, "d-2"]);
});

Deno.test("[CON-4] expired by its own validity, by the retention, and by a retention that was shortened", async () => {
  await using log = await openLog(MULTI);
  await log.push({ owner: "u-1", validUntil: NOW + 1000, early: true });
  await log.push({ owner: "u-1" });
  assert.equal(await log.state(1, NOW + 999), "pending");
  assert.equal(await log.state(1, NOW + 1000), "expired");
  assert.equal(await log.state(2, NOW + 8 * DAY_MS), "pending");
  const key = { instanceNo: log.db.instanceNo, bizType: "MULTI" };
  await log.db.store.changeConfig(ACTOR, key, { retentionDays: 7 }, () => {});
  assert.equal(await log.state(2, NOW + 8 * DAY_MS), "expired");
});

Deno.test("[CON-4] filtered: every known device owes it", async () => {
  await using log = await openLog(MULTI);
  await log.push({ owner: "u-1" });
  await log.delivery.owe([log.at("d-1", 1)]);
  await log.save({ points: [log.point("d-1", 0)] });
  assert.equal(await log.state(1), "filtered");
  await log.save({ points: [log.point("d-2", 0)] });
  assert.equal(await log.state(1), "pending", "another device waits for it");
  await log.save({ points: [log.point("d-2", 1)] });
  assert.equal(await log.state(1), "filtered");
});

Deno.test("[CON-4] discarded: given up for every known device, and better than that is filtered for none", async () => {
  await using log = await openLog(MULTI);
  await log.push({ owner: "u-1" });
  await log.save({
    points: [log.point("d-1", 1), log.point("d-2", 0)],
    discarded: [{ ...log.at("d-1", 1), mid: "m-1", attempts: 6 }],
  });
  assert.equal(await log.state(1), "pending");
  await log.save({ discarded: [{ ...log.at("d-2", 1), mid: "m-1", attempts: 6 }] });
  assert.equal(await log.state(1), "discarded");
});

Deno.test("[CON-4] a single-device push is sent and discarded for the user as a whole", async () => {
  await using log = await openLog(USER_CONFIG);
  await log.push({ owner: "u-1" });
  await log.save({ sent: [{ ...log.at("", 1), attempts: 0 }] });
  assert.equal(await log.state(1), "sent");
  await log.save({ done: [log.at("", 1)], discarded: [{ ...log.at("", 1), mid: "m-1", attempts: 6 }] });
  assert.equal(await log.state(1), "discarded");
});

Deno.test("[CON-4] [THR-1] threshold: dropped, unless somebody got it before", async () => {
  await using log = await openLog({ ...MULTI, threshold: 1 });
  await log.push({ owner: "u-1" });
  await log.save({ arrivals: [{ ...log.stream(), id: 1, device: "d-1", latency: 1 }] });
  await log.push({ owner: "u-1" });
  await log.push({ owner: "u-1" });
  assert.deepEqual(await log.states(), ["pending", "threshold", "arrived"]);
  const { items } = await log.pushStates.deadLetters({ instanceNo: log.db.instanceNo, limit: 10 });
  assert.deepEqual(items.map(({ id, reason, owner, userId, deviceId }) => ({ id, reason, owner, userId, deviceId })), [
    { id: 2, reason: "threshold", owner: "u-1", userId: "u-1", deviceId: null },
  ]);
});

Deno.test("[CON-4] a global push: the best of all devices counts", async () => {
  await using log = await openLog(GLOBAL);
  const of = (device: string) => ({ ...log.stream(), subject: device, device: "" });
  for (let id = 1; id <= 3; id++) await log.push({ owner: "" });
  assert.deepEqual(await log.states(), ["pending", "pending", "pending"]);
  await log.save({ points: [{ ...of("d-1"), point: 3 }, { ...of("d-2"), point: 3 }] });
  await log.delivery.owe([{ ...of("d-1"), id: 1 }, { ...of("d-2"), id: 1 }, { ...of("d-1"), id: 2 }]);
  await log.save({ discarded: [{ ...of("d-2"), id: 2, mid: "m-2", attempts: 6 }] });
  await log.save({ sent: [{ ...of("d-1"), id: 3, attempts: 1 }] });
  assert.deepEqual(await log.states(), ["sent", "discarded", "filtered"]);
  const detail = await log.detail(2, "");
  assert.deepEqual(detail?.deliveries.map(({ subject, deviceId, state }) => [subject, deviceId, state]), [
    ["d-2", "d-2", "discarded"],
    ["d-1", "d-1", "owed"],
  ]);
  const { items: [letter] } = await log.pushStates.deadLetters({ instanceNo: log.db.instanceNo, limit: 10 });
  assert.deepEqual([letter?.owner, letter?.userId, letter?.deviceId], ["", null, "d-2"]);
});

Deno.test("[CON-4] the rows of one stream say nothing of another with the same ids", async () => {
  await using log = await openLog(MULTI);
  await log.push({ owner: "u-1" });
  await log.push({ owner: "u-2" });
  const other = { ...log.at("d-1", 1), subject: "u-2" };
  await log.save({ sent: [{ ...other, attempts: 0 }], points: [{ ...log.point("d-1", 5), subject: "u-2" }] });
  assert.deepEqual((await log.list({ userId: "u-1" })).items.map((item) => item.state), ["pending"]);
  assert.deepEqual((await log.list({ userId: "u-2" })).items.map((item) => item.state), ["sent"]);
});

Deno.test("[STA-1] the 30-day counts are those of the list", async () => {
  await using log = await openLog(MULTI, DEVICE);
  for (let n = 0; n < 5; n++) await log.push({ owner: "same", at: NOW + n });
  await log.push({ owner: "same", bizType: "DEVICE" });
  await log.save({ arrivals: [1, 2].map((id) => ({ ...log.stream("same"), id, device: "d-1", latency: 1 })) });
  const counts = (now: number) =>
    log.pushStates.counts({ instanceNo: log.db.instanceNo, target: "user", owner: "same", now });
  for (const now of [NOW + 10, NOW + PUSH_HISTORY_MS, NOW + PUSH_HISTORY_MS + 2, NOW + PUSH_HISTORY_MS + 5]) {
    const listed = await log.all({ userId: "same", now, limit: 2 });
    const arrived = await log.all({ userId: "same", state: "arrived", now, limit: 2 });
    assert.deepEqual(await counts(now), { pushes: listed.length, arrivals: arrived.length }, String(now - NOW));
  }
  assert.deepEqual(await counts(NOW + PUSH_HISTORY_MS + 2), { pushes: 2, arrivals: 0 });
  const device = await log.pushStates.counts({
    instanceNo: log.db.instanceNo,
    target: "device",
    owner: "same",
    now: NOW,
  });
  assert.deepEqual(device, { pushes: 1, arrivals: 0 });
});

Deno.test("[CON-4] following `next` shows every push once, however many share a moment", async () => {
  await using log = await openLog(MULTI, DEVICE, GLOBAL);
  for (let n = 0; n < 60; n++) {
    const at = NOW + Math.floor(n / 20) * 7919;
    const bizType = ["MULTI", "DEVICE", "GLOBAL"][n % 3] ?? "";
    await log.push({ owner: bizType === "GLOBAL" ? "" : `o-${n % 4}`, bizType, at });
  }
  const now = NOW + 100_000;
  for (const limit of [1, 7, 59, 60, 1000]) {
    const items = await log.all({ now, limit });
    assert.equal(items.length, 60, `limit ${limit}`);
    assert.equal(new Set(items.map((item) => `${item.bizType} ${item.owner} ${item.id}`)).size, 60);
    assert.deepEqual(items.map((item) => item.createdAt), items.map((item) => item.createdAt).sort((a, b) => b - a));
  }
});

Deno.test("[CON-4] the filters by state part the list: every push under exactly one", async () => {
  await using log = await openLog(MULTI, GLOBAL);
  for (let n = 1; n <= 30; n++) {
    await log.push({ owner: "u-1", at: NOW + n, ...(n <= 3 && { validUntil: NOW + 40, early: true }) });
  }
  await log.push({ owner: "", bizType: "GLOBAL", at: NOW + 31 });
  await log.save({
    arrivals: [5, 6, 7].map((id) => ({ ...log.stream(), id, device: "d-1", latency: 1 })),
    points: [log.point("d-1", 20)],
    sent: [6, 8, 9].map((id) => ({ ...log.at("d-1", id), attempts: 1 })),
    discarded: [9, 10].map((id) => ({ ...log.at("d-1", id), mid: `m-${id}`, attempts: 6 })),
  });
  await log.delivery.owe([7, 11, 12].map((id) => log.at("d-1", id)));
  const now = NOW + 50;
  const all = await log.all({ now, limit: 7 });
  for (const state of PUSH_STATES) {
    const filtered = await log.all({ now, state, limit: 2 });
    assert.deepEqual(filtered, all.filter((item) => item.state === state), state);
  }
  const count = (state: string) => all.filter((item) => item.state === state).length;
  assert.deepEqual([count("expired"), count("arrived"), count("sent"), count("discarded"), count("filtered")], [
    3,
    3,
    2,
    1,
    2,
  ]);
});

Deno.test("[CON-4] a state that few have is looked for in bounded steps, and found", async () => {
  await using log = await openLog(MULTI);
  const ops = Array.from({ length: 5000 }, (_, n) => log.op({ owner: `u-${n % 50}`, at: NOW + n }));
  for (let n = 0; n < ops.length; n += 500) await log.append(ops.slice(n, n + 500));
  await log.save({ sent: [{ ...log.at("d-1", 1), subject: "u-0", attempts: 1 }] });
  const now = NOW + 10_000;
  const { items, next } = await log.list({ now, state: "sent", limit: 50 });
  assert.deepEqual(items, []);
  assert.notEqual(next, null);
  assert.deepEqual((await log.all({ now, state: "sent", limit: 50 })).map((item) => [item.owner, item.id]), [[
    "u-0",
    1,
  ]]);
});

Deno.test("[CON-4] pushes are found by device, thirdMsgId, time, and the device where a user's push arrived", async () => {
  await using log = await openLog(MULTI, DEVICE);
  await log.push({ owner: "u-1", mid: "first" });
  await log.push({ owner: "u-1", at: NOW + 10 });
  await log.push({ owner: "d-1", bizType: "DEVICE" });
  await log.save({
    arrivals: [{ ...log.stream(), id: 1, device: "d-1", latency: 1 }, {
      ...log.stream(),
      id: 2,
      device: "d-2",
      latency: 1,
    }],
  });
  const found = async (query: Partial<PushQuery>) =>
    (await log.all({ now: NOW + 100, ...query })).map((item) => `${item.bizType} ${item.id}`);
  assert.deepEqual(await found({ deviceId: "d-1" }), ["DEVICE 1"]);
  assert.deepEqual(await found({ deviceId: "d-1", userId: "u-1" }), ["MULTI 1"]);
  assert.deepEqual(await found({ thirdMsgId: "first" }), ["MULTI 1"]);
  assert.deepEqual(await found({ bizType: "DEVICE" }), ["DEVICE 1"]);
  assert.deepEqual(await found({ from: NOW + 10 }), ["MULTI 2"]);
  assert.deepEqual(await found({ to: NOW + 10, userId: "u-1" }), ["MULTI 1"]);
  assert.deepEqual(await found({ instanceNo: log.db.instanceNo + 1 }), []);
});

Deno.test("[CFG-5] pushes and dead letters of a deleted config are out of reach at once", async () => {
  await using log = await openLog(MULTI);
  await log.push({ owner: "u-1" });
  await log.save({ discarded: [{ ...log.at("d-1", 1), mid: "m-1", attempts: 6 }] });
  const key = { instanceNo: log.db.instanceNo, bizType: "MULTI" };
  await log.db.store.setConfigStatus(ACTOR, key, "offline");
  await log.db.store.deleteConfig(ACTOR, key);
  assert.deepEqual((await log.list({})).items, []);
  assert.equal(await log.detail(1, "u-1"), undefined);
  assert.deepEqual((await log.pushStates.deadLetters({ instanceNo: log.db.instanceNo, limit: 9 })).items, []);
});

Deno.test("[PUSH-7] the detail shows the payload as it came: NUL, base64, and none once it is gone", async () => {
  await using log = await openLog({ ...MULTI, threshold: 2 });
  const payloads = ["gone", `a\0b"\\`, "aGVsbG8="];
  for (const payload of payloads) await log.push({ owner: "u-1", payload, binary: payload.endsWith("=") });
  const details = await Promise.all([1, 2, 3].map((id) => log.detail(id, "u-1")));
  assert.deepEqual(details.map((detail) => [detail?.payload, detail?.binary]), [
    [null, false],
    [`a\0b"\\`, false],
    ["aGVsbG8=", true],
  ]);
});

Deno.test("[DLV-6] dead letters: newest first, by user, device, config, reason and time, each once", async () => {
  await using log = await openLog(MULTI, DEVICE);
  for (let id = 1; id <= 20; id++) {
    const target = id % 2 === 0 ? log.at("d-1", id) : { ...log.at("", id), subject: "d-1", config: log.no("DEVICE") };
    await log.save({ at: NOW + Math.floor(id / 5), discarded: [{ ...target, mid: `m-${id}`, attempts: 6 }] });
  }
  const find = (query: Record<string, unknown>) =>
    log.pushStates.deadLetters({ instanceNo: log.db.instanceNo, limit: 100, ...query });
  assert.equal((await find({ userId: "u-1" })).items.length, 10);
  assert.equal((await find({ deviceId: "d-1" })).items.length, 20);
  assert.equal((await find({ bizType: "DEVICE", reason: "retries" })).items.length, 10);
  assert.equal((await find({ reason: "threshold" })).items.length, 0);
  assert.equal((await find({ from: NOW + 1, to: NOW + 2 })).items.length, 5);
  const paged = [];
  let after: DeadLetterCursor | null | undefined;
  while (after !== null) {
    const { items, next } = await find({ limit: 3, after });
    paged.push(...items);
    after = next;
  }
  assert.deepEqual(paged, (await find({})).items);
  assert.equal(new Set(paged.map((letter) => letter.id)).size, 20);
});

type OpInput = Partial<NewOp> & { owner: string; bizType?: string };

/** A log with these configs, of which the first is meant where none is named, and `u-1` where no owner is. */
async function openLog(...configs: [NewConfig, ...NewConfig[]]) {
  const db: CatalogDatabase = await catalogDatabase();
  for (const config of configs) await db.store.createConfig(ACTOR, db.instanceNo, config);
  const numbers = new Map((await db.store.load()).configs.map((config) => [config.bizType, config.no]));
  const delivery: DeliveryStore = postgresDelivery(db.sql);
  const pushStates: PushStates = postgresPushStates(db.sql);
  const oplog = postgresOplog(db.sql);
  const no = (bizType: string = configs[0].bizType) => numbers.get(bizType) ?? 0;
  const empty = { points: [], arrivals: [], sent: [], done: [], settled: [], discarded: [], at: NOW };
  let mids = 0;

  const op = ({ bizType, ...fields }: OpInput): NewOp => {
    const at = fields.at ?? NOW;
    const validity = { validUntil: at + 30 * DAY_MS, early: false };
    const content = { payload: "hello", binary: false, os: null, minVersion: null, maxVersion: null };
    return { config: no(bizType), mid: `m-${++mids}`, at, ...validity, ...content, ...fields };
  };
  const list = (query: Partial<PushQuery>) =>
    pushStates.list({ instanceNo: db.instanceNo, limit: 100, now: NOW + 1, ...query });
  const stream = (owner = "u-1") => ({ instance: db.instanceNo, owner, config: no() });
  const target = (device: string): Target => ({ instance: db.instanceNo, subject: "u-1", config: no(), device });

  return {
    db,
    delivery,
    pushStates,
    no,
    op,
    list,
    stream,
    at: (device: string, id: number) => ({ ...target(device), id }),
    point: (device: string, point: number) => ({ ...target(device), point }),
    append: (ops: NewOp[]) => oplog.append(ops),
    push: (input: OpInput) => oplog.append([op(input)]),
    save: (progress: Partial<Progress>) => delivery.save({ ...empty, ...progress }),
    detail: (id: number, owner: string) =>
      pushStates.detail({ instanceNo: db.instanceNo, bizType: configs[0].bizType, owner, id, now: NOW + 1 }),
    /** States of all pushes, newest id first. */
    states: async () => (await list({})).items.sort((a, b) => b.id - a.id).map((item) => item.state),
    state: async (id: number, now = NOW + 1) => (await list({ now })).items.find((item) => item.id === id)?.state,
    async all(query: Partial<PushQuery>): Promise<PushItem[]> {
      const items: PushItem[] = [];
      let after: PushCursor | null | undefined;
      while (after !== null) {
        const page = await list({ ...query, after });
        items.push(...page.items);
        after = page.next;
      }
      return items;
    },
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}
