import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { startServer } from "../support/server.ts";

const device = (seq: number, fields: object = {}) => ({ deviceId: "d-1", seq, user: user("u-1"), ...fields });

/**
 * Trap 4 of the design: an old connection's goodbye. The cure is `current` in `stepDevice` (actors/device_state.ts): the
 * replaced connection's `closed` comes when its successor already speaks for the device, and must change nothing.
 */
Deno.test("[DEV-3] a newer connection replaces the older at once, and the old one's goodbye changes nothing", async () => {
  await using server = await startServer();
  await using old = await RawClient.connect(server, device(1));
  await using fresh = await RawClient.connect(server, device(2));
  assert.deepEqual(await old.close(), { code: 4409, reason: "replaced seq=2" });
  assert.equal((await server.push()).msg, "SUCCESS");
  assert.equal((await server.push({ bizType: "DEVICE-LOCK", linkToken: "d-1" })).msg, "SUCCESS");
  await fresh.until(() => fresh.ops("UCHAT").length === 1 && fresh.ops("DEVICE-LOCK").length === 1);
  assert.equal(old.ops("UCHAT").length, 0);
  assert.deepEqual(server.services.registry.counts, { sessions: 1, devices: 1, users: 1 });
});

Deno.test("[DEV-3] [DLV-5] what was unacknowledged on the old connection is due at once on the new one", async () => {
  await using server = await startServer();
  await using old = await RawClient.connect(server, device(1));
  await server.push({ payload: "1" });
  await server.push({ payload: "2" });
  await old.until(() => old.ops("UCHAT").length === 2);
  old.ack("UCHAT", 1);
  await old.settled();
  await using fresh = await RawClient.connect(server, device(2, { user: user("u-1", [["user", "UCHAT", 1]]) }));
  await fresh.until(() => fresh.ops("UCHAT").length === 1);
  assert.deepEqual(fresh.payloads("UCHAT"), ["2"]);
  assert.equal((await old.close()).code, 4409);
});

Deno.test("[DEV-3] a stalled older hello does not evict its successor, and leaves nothing behind", async () => {
  await using server = await startServer();
  await using current = await RawClient.connect(server, device(5));
  await using stalled = await RawClient.connect(server, device(4));
  assert.deepEqual(await stalled.close(), { code: 4409, reason: "replaced seq=5" });
  assert.ok(!stalled.frames.some((frame) => frame.type === "welcome"));
  await current.settled();
  assert.equal((await server.push()).msg, "SUCCESS");
  assert.deepEqual(server.services.registry.counts, { sessions: 1, devices: 1, users: 1 });
});

Deno.test("[DEV-3] the later arrival wins a tie, and after the end of a session any seq is welcome", async () => {
  await using server = await startServer();
  await using one = await RawClient.connect(server, device(5));
  const two = await RawClient.connect(server, device(5));
  assert.equal((await one.close()).code, 4409);
  await two.settled();
  await two[Symbol.asyncDispose]();
  while (server.services.registry.counts.sessions > 0) await server.push();
  await using three = await RawClient.connect(server, device(1));
  await three.settled();
});

Deno.test("[DEV-3] of many hellos of one device at once exactly one stays, and every push finds it", async () => {
  await using server = await startServer();
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(server.syncUrl)));
  const order = clients.map((_, n) => n).sort((a, b) => (a * 7 % 20) - (b * 7 % 20));
  for (const n of order) clients[n]!.hello(device(100 + n));
  const last = clients.at(-1)!;
  for (const client of clients.slice(0, -1)) assert.equal((await client.close()).code, 4409);
  await last.next("welcome");
  await server.push();
  await last.until(() => last.ops("UCHAT").length === 1);
  assert.deepEqual(server.services.registry.counts, { sessions: 1, devices: 1, users: 1 });
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("[DEV-3] a connection at another process takes the device over, and no other", async () => {
  await using one = await startServer();
  await using two = await startServer({ databaseUrl: one.databaseUrl });
  await using old = await RawClient.connect(one, device(1));
  await using bystander = await RawClient.connect(one, { deviceId: "d-2", user: user("u-1") });
  await one.push({ payload: "1" });
  await old.until(() => old.ops("UCHAT").length === 1);
  await using fresh = await RawClient.connect(two, device(2));
  assert.deepEqual(await old.close(), { code: 4409, reason: "replaced seq=2" });
  await fresh.until(() => fresh.ops("UCHAT").length === 1);
  await bystander.settled();
  assert.deepEqual([one, two].map(({ services: { registry } }) => registry.counts.sessions), [1, 1]);
  const rows = await one.services.sql<{ device: string; seq: number }[]>`select device, seq from session order by 1`;
  assert.deepEqual(rows.map((row) => row.device), ["d-1", "d-2"]);
});

Deno.test("[DEV-3] a stalled older hello at another process is refused there, before any welcome", async () => {
  await using one = await startServer();
  await using two = await startServer({ databaseUrl: one.databaseUrl });
  await using current = await RawClient.connect(one, device(5));
  await using stalled = await RawClient.connect(two, device(4));
  assert.deepEqual(await stalled.close(), { code: 4409, reason: "replaced seq=5" });
  assert.ok(!stalled.frames.some((frame) => frame.type === "welcome"));
  await current.settled();
  assert.equal(two.services.registry.counts.sessions, 0);
  assert.equal((await one.push()).msg, "SUCCESS");
});

Deno.test("[DEV-3] a takeover at another process whose announcement is lost is made up for", async () => {
  await using one = await startServer();
  await using two = await startServer({ databaseUrl: one.databaseUrl });
  await using old = await RawClient.connect(one, device(1));
  await two.services.sql`create or replace function evict_session() returns trigger language plpgsql as $$
    begin insert into eviction values (old.node, old.connection, new.seq); return null; end $$`;
  await using fresh = await RawClient.connect(two, device(2));
  assert.deepEqual(await old.close(), { code: 4409, reason: "replaced seq=2" });
  await fresh.settled();
});

Deno.test("[DEV-3] a process that the others took for dead writes its sessions again when it is back, and ends those that are elsewhere", async () => {
  await using one = await startServer();
  await using two = await startServer({ databaseUrl: one.databaseUrl });
  await using old = await RawClient.connect(one, device(1));
  await using staying = await RawClient.connect(one, { deviceId: "d-2", user: user("u-1") });
  const { sql, node } = one.services;
  // two minutes in which nothing was heard of it, as the others see it
  await sql`with gone as (delete from session where node = ${node}) delete from node where id = ${node}`;
  await using fresh = await RawClient.connect(two, device(2));
  assert.deepEqual(await old.close(), { code: 4409, reason: "replaced seq=2" });
  await fresh.settled();
  await staying.settled();
  assert.deepEqual([one, two].map(({ services: { registry } }) => registry.counts.sessions), [1, 1]);
  const rows = await sql<{ device: string; node: string }[]>`select device, node from session order by 1`;
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { device: "d-1", node: two.services.node },
    { device: "d-2", node },
  ]);
});

Deno.test("[DEV-1] every device of a multi-device user has its own point; one that comes later gets what is retained", async () => {
  await using server = await startServer();
  await using phone = await RawClient.connect(server, { deviceId: "phone", user: user("u-1") });
  await using tablet = await RawClient.connect(server, { deviceId: "tablet", user: user("u-1") });
  await using stranger = await RawClient.connect(server, { deviceId: "other", user: user("u-2") });
  for (const payload of ["1", "2", "3"]) await server.push({ payload });
  for (const client of [phone, tablet]) await client.until(() => client.ops("UCHAT").length === 3);
  phone.ack("UCHAT", 3);
  tablet.ack("UCHAT", 1);
  await Promise.all([phone.settled(), tablet.settled()]);
  await server.services.recorder.flush();
  const points = await server.services.sql`select device, point from sync_point order by 1`;
  assert.deepEqual(points.map((row) => ({ ...row })), [{ device: "phone", point: 3 }, { device: "tablet", point: 1 }]);
  await using watch = await RawClient.connect(server, { deviceId: "watch", user: user("u-1") });
  await watch.until(() => watch.ops("UCHAT").length === 3);
  await stranger.settled();
  assert.equal(stranger.ops("UCHAT").length, 0);
});

Deno.test("[DEV-1] target device: that device, whoever is logged in there, and nobody else", async () => {
  await using server = await startServer();
  await using guest = await RawClient.connect(server, { deviceId: "d-1" });
  await using other = await RawClient.connect(server, { deviceId: "d-2", user: user("d-1") });
  const lock = (linkToken: string) => server.push({ bizType: "DEVICE-LOCK", linkToken, payload: linkToken });
  assert.equal((await lock("d-1")).msg, "SUCCESS");
  assert.equal((await lock("d-2")).msg, "SUCCESS");
  assert.equal((await lock("d-3")).msg, "NOT_ONLINE");
  for (const client of [guest, other]) await client.until(() => client.ops("DEVICE-LOCK").length === 1);
  guest.send({ type: "bind", n: 1, userId: "u-9", sessionId: "s", points: [] });
  await guest.next("bound");
  await lock("d-1");
  await guest.until(() => guest.ops("DEVICE-LOCK").length === 2);
  await other.settled();
  assert.deepEqual([guest.payloads("DEVICE-LOCK"), other.payloads("DEVICE-LOCK")], [["d-1", "d-1"], ["d-2"]]);
  assert.deepEqual(guest.batches("DEVICE-LOCK").map(({ scope }) => scope), ["device", "device"]);
});
