import assert from "node:assert/strict";
import { type DeadLetterCursor, PUSH_HISTORY_MS, PUSH_STATES, type PushQuery } from "../../db/push_states.ts";
import { ACTOR } from "../support/catalog.ts";
import { DEVICE, GLOBAL, MULTI, NOW, openLog } from "../support/push_log.ts";

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
