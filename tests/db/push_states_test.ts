import assert from "node:assert/strict";
import { ACTOR, USER_CONFIG } from "../support/catalog.ts";
import { DAY_MS, GLOBAL, MULTI, NOW, openLog } from "../support/push_log.ts";

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
