import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../src/clock.ts";
import { RawClient, user } from "../support/client.ts";
import { makeConfig } from "../support/configs.ts";
import { testDatabase } from "../support/database.ts";
import { databaseProxy } from "../support/database_proxy.ts";
import { startServer, type TestServer } from "../support/server.ts";

const BIZ = "GLOBAL-SDK-CONFIG";
const published = async (server: TestServer, ...payloads: string[]) => {
  for (const payload of payloads) assert.equal((await server.pushGlobal({ payload })).msg, "SUCCESS");
};
const foreground = (client: RawClient) => client.send({ type: "foreground" });
const background = (client: RawClient) => client.send({ type: "background" });
/** All that the client says and the server reads for it has been handled, memory and log included. */
async function quiet(client: RawClient): Promise<void> {
  for (let n = 0; n < 3; n++) await client.settled();
}

Deno.test("[GLB-1] a push for everybody is one row, whatever the number of devices, and its key is the instance's", async () => {
  await using server = await startServer();
  const phones = await Promise.all(
    Array.from({ length: 20 }, (_, n) => RawClient.connect(server, { deviceId: `d-${n}` })),
  );
  const answers = await Promise.all(
    [1, 2, 3].map(() => server.pushGlobal({ thirdMsgId: "one", linkToken: "ignored" })),
  );
  assert.deepEqual(answers.map(({ msg }) => msg).sort(), ["DUPLICATED_BIZ_ID", "DUPLICATED_BIZ_ID", "SUCCESS"]);
  const count = (table: string) => server.services.sql`select from ${server.services.sql(table)}`.then((r) => r.length);
  assert.deepEqual([await count("op"), await count("delivery"), await count("owed")], [1, 0, 0]);
  for (const phone of phones) foreground(phone);
  for (const phone of phones) await phone.until(() => phone.ops(BIZ).length === 1);
  assert.equal(await count("op"), 1);
  for (const phone of phones) await phone[Symbol.asyncDispose]();
});

Deno.test("[GLB-2] who is in the foreground gets nothing now, but at the next foreground event or connect", async () => {
  await using server = await startServer();
  await using here = await RawClient.connect(server, { deviceId: "d-here", foreground: true });
  await using away = await RawClient.connect(server, { deviceId: "d-away", foreground: false });
  await published(server, "1", "2");
  await quiet(here);
  await quiet(away);
  assert.deepEqual([here.payloads(BIZ), away.payloads(BIZ)], [[], []]);
  foreground(here);
  await here.until(() => here.ops(BIZ).length === 2);
  await quiet(away);
  assert.deepEqual(away.payloads(BIZ), []);
  await using later = await RawClient.connect(server, { deviceId: "d-later", foreground: false });
  await quiet(later);
  assert.deepEqual(later.payloads(BIZ), [], "connected in the background it waits for its foreground");
  foreground(later);
  foreground(away);
  for (const phone of [later, away]) await phone.until(() => phone.ops(BIZ).length === 2);
  await using comes = await RawClient.connect(server, { deviceId: "d-comes", foreground: true });
  await comes.until(() => comes.ops(BIZ).length === 2);
  // and the next push waits for the next foreground again
  background(here);
  await published(server, "3");
  await quiet(here);
  assert.equal(here.ops(BIZ).length, 2);
  foreground(here);
  await here.until(() => here.ops(BIZ).length === 3);
  assert.deepEqual(here.batches(BIZ).map(({ from, to }) => [from, to]), [[0, 2], [2, 3]]);
});

Deno.test("[GLB-2] a push that is answered is there for the very next foreground event, however many come at once", async () => {
  await using server = await startServer();
  await using phone = await RawClient.connect(server);
  for (let round = 1; round <= 10; round++) {
    await Promise.all(Array.from({ length: 20 }, () => server.pushGlobal()));
    foreground(phone);
    await quiet(phone);
    while (phone.ops(BIZ).length < 20 * round) {
      phone.ack(BIZ, phone.ops(BIZ).at(-1)?.id ?? 0, "global");
      await phone.until(() => phone.ops(BIZ).length >= 20 * round, 1_000);
    }
    phone.ack(BIZ, 20 * round, "global");
  }
  assert.deepEqual(phone.ops(BIZ).map((op) => op.id), Array.from({ length: 200 }, (_, n) => n + 1));
});

Deno.test("[GLB-3] target user: sessions with a bound user, with a point per user and device; target device: every session", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "OFFERS", scope: "global", target: "user" });
  await server.pushGlobal({ bizType: "OFFERS" });
  await published(server, "settings");
  await using guest = await RawClient.connect(server, { deviceId: "d-1" });
  await guest.until(() => guest.ops(BIZ).length === 1);
  await quiet(guest);
  assert.equal(guest.ops("OFFERS").length, 0);
  guest.send({ type: "bind", n: 1, userId: "u-1", sessionId: "s-1", points: [] });
  await guest.until(() => guest.ops("OFFERS").length === 1);
  assert.equal(guest.batches("OFFERS")[0]?.scope, "globalUser");
  guest.ack("OFFERS", 1, "globalUser");
  guest.send({ type: "bind", n: 2, userId: "u-2", sessionId: "s-2", points: [] });
  await guest.until(() => guest.ops("OFFERS").length === 2);
  await using other = await RawClient.connect(server, { deviceId: "d-2", user: user("u-1") });
  await other.until(() => other.ops("OFFERS").length === 1);
  await guest.settled();
  await server.services.recorder.flush();
  const points = await server.services.sql`select subject, device, point from sync_point where device <> ''`;
  assert.deepEqual(points.map((row) => ({ ...row })), [{ subject: "u-1", device: "d-1", point: 1 }]);
});

/** Beats, polls, sweeps and flushes do not fire: only what is asked for goes to the database. */
const noHousekeeping: Clock = {
  ...systemClock,
  after: (ms, callback) => ms >= 100 ? () => {} : systemClock.after(ms, callback),
};

Deno.test("[GLB-4] a foreground event that has nothing new costs no database query, and one that has reads from memory", async () => {
  await using database = await testDatabase();
  await using proxy = databaseProxy(database.url);
  await using server = await startServer({ databaseUrl: proxy.url, clock: noHousekeeping });
  await published(server, "1", "2");
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await phone.until(() => phone.ops(BIZ).length === 2);
  phone.ack(BIZ, 2, "global");
  await phone.settled();
  await server.services.recorder.flush();
  const before = proxy.queries;
  assert.ok(before > 5, "the proxy counts");
  for (let n = 0; n < 5; n++) {
    background(phone);
    foreground(phone);
    foreground(phone);
    await quiet(phone);
  }
  assert.equal(proxy.queries - before, 0);
  await published(server, "3");
  const after = proxy.queries;
  foreground(phone);
  await phone.until(() => phone.ops(BIZ).length === 3);
  assert.equal(proxy.queries - after, 0);
});

Deno.test("[GLB-5] someone new gets all that is still kept, also when memory does not reach back so far", async () => {
  await using server = await startServer();
  await published(server, "1", "2", "3");
  await server.restart();
  await published(server, "4");
  await using fresh = await RawClient.connect(server, { deviceId: "d-new" });
  await fresh.until(() => fresh.ops(BIZ).length === 4);
  assert.deepEqual(fresh.payloads(BIZ), ["1", "2", "3", "4"]);
  await using ahead = await RawClient.connect(server, { deviceId: "d-2", points: [["global", BIZ, 3]] });
  await ahead.until(() => ahead.ops(BIZ).length === 1);
  assert.deepEqual(ahead.payloads(BIZ), ["4"]);
});

Deno.test("[GLB-2] [PT-3] with two processes: a client that got an op at one is not reset at the other", async () => {
  await using one = await startServer({ clock: noHousekeeping });
  await using two = await startServer({ databaseUrl: one.databaseUrl, clock: noHousekeeping });
  await published(one, "1", "2");
  const phone = await RawClient.connect(one);
  await phone.until(() => phone.ops(BIZ).length === 2);
  phone.ack(BIZ, 2, "global");
  await phone.settled();
  await phone[Symbol.asyncDispose]();
  await using moved = await RawClient.connect(two, { points: [["global", BIZ, 2]] });
  await quiet(moved);
  assert.deepEqual(moved.frames.filter((frame) => frame.type !== "pong").map((frame) => frame.type), ["welcome"]);
  await published(one, "3");
  await published(two, "4");
  foreground(moved);
  await moved.until(() => moved.ops(BIZ).length === 2);
  assert.deepEqual(moved.payloads(BIZ), ["3", "4"]);
});
