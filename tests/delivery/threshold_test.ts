import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { changeConfig, configNo, makeConfig } from "../support/configs.ts";
import { eventually } from "../support/eventually.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { sweep } from "../../db/sweeper.ts";
import { ackIds, coveredTo, goneIds, ids } from "./shared.ts";

const phone = (server: TestServer, deviceId = "d-1", hello: Parameters<typeof RawClient.connect>[1] = {}) =>
  RawClient.connect(server, { deviceId, user: user("u-1"), ...hello });

async function pushes(server: TestServer, bizType: string, count: number, fields: Record<string, unknown> = {}) {
  for (let i = 0; i < count; i++) assert.equal((await server.push({ bizType, ...fields })).success, true);
}

/** Ids of the ops whose payload is still stored. */
async function stored(server: TestServer, biz: string): Promise<number[]> {
  const rows = await server.services.sql<{ id: number }[]>`
    select id from op where config = ${configNo(server, biz)} and payload is not null order by owner, id`;
  return rows.map((row) => row.id);
}

async function letters(server: TestServer, biz: string): Promise<number[]> {
  const rows = await server.services.sql<{ id: number; reason: string }[]>`
    select id, reason from dead_letter where config = ${configNo(server, biz)} order by id`;
  return rows.filter((row) => row.reason === "threshold").map((row) => row.id);
}

/** Waits until the database says so; it is asked again after each flush. */
const flushed = <T>({ services: { recorder } }: TestServer, look: () => Promise<T>, expected: T): Promise<void> =>
  eventually(() => recorder.flush().then(look), expected);

Deno.test("[THR-1] [PT-4] the newest N are kept for who was away, the older dropped for good, and the interval covers them", async () => {
  await using server = await startServer();
  for (const [biz, fields] of [["T-MULTI", {}], ["T-ONE", { multiDevice: false }]] as const) {
    await makeConfig(server, { bizType: biz, threshold: 3, ...fields });
    await pushes(server, biz, 5);
    assert.deepEqual([await stored(server, biz), await letters(server, biz)], [[3, 4, 5], [1, 2]]);
  }
  await using client = await phone(server);
  for (const biz of ["T-MULTI", "T-ONE"]) {
    await client.until(() => ids(client, biz).length === 3);
    assert.deepEqual(client.batches(biz).map(({ from, to, ops }) => [from, to, ops.map((op) => op.id)]), [
      [0, 5, [3, 4, 5]],
    ]);
  }
});

Deno.test("[THR-1] the newest N count whatever their filters", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "T", threshold: 2 });
  await pushes(server, "T", 2);
  await pushes(server, "T", 2, { osType: "iOS" });
  await using android = await phone(server);
  await pushes(server, "DEVICE-LOCK", 1, { linkToken: "d-1" });
  await android.until(() => ids(android, "DEVICE-LOCK").length === 1 && coveredTo(android, "T") === 4);
  assert.deepEqual([ids(android, "T"), await stored(server, "T"), await letters(server, "T")], [[], [3, 4], [1, 2]]);
});

Deno.test("[THR-1] an op that was sent to a target is kept for it until it is acked; another target does not get it", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "T", threshold: 1 });
  {
    await using first = await phone(server);
    for (let sent = 1; sent <= 3; sent++) {
      await pushes(server, "T", 1);
      await first.until(() => ids(first, "T").length === sent);
    }
  }
  await flushed(server, () => stored(server, "T"), [1, 2, 3]);
  await using other = await phone(server, "d-2");
  await other.until(() => ids(other, "T").length === 1);
  assert.deepEqual(ids(other, "T"), [3]);
  await using again = await phone(server);
  await again.until(() => ids(again, "T").length === 3);
  assert.deepEqual(ids(again, "T"), [1, 2, 3]);
  again.ack("T", 3);
  await again.settled();
  await flushed(server, () => stored(server, "T"), [3]);
  assert.deepEqual(await letters(server, "T"), []);
});

Deno.test("[THR-1] what was kept because it was sent goes when it is discarded or expires; nobody acked it: a dead letter", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock, env: { MAX_RETRIES: "1" } });
  await makeConfig(server, { bizType: "T", threshold: 1 });
  await using client = await phone(server);
  await pushes(server, "T", 1);
  await client.until(() => ids(client, "T").length === 1);
  await pushes(server, "T", 1, { validTimeEnd: clock.now() + 15_000 });
  await client.until(() => ids(client, "T").length === 2);
  await pushes(server, "T", 1);
  await client.until(() => ids(client, "T").length === 3);
  ackIds(client, "T", [3]);
  await client.settled();
  await flushed(server, () => stored(server, "T"), [1, 2, 3]);
  clock.advance(10_500);
  await client.until(() => ids(client, "T").length === 5);
  await client.settled();
  clock.advance(5_000);
  await client.until(() => goneIds(client, "T").includes(2));
  clock.advance(15_000);
  await client.until(() => goneIds(client, "T").includes(1));
  await flushed(server, () => letters(server, "T"), [1]);
  await sweep(server.services.sql, clock.now(), () => Promise.resolve());
  assert.deepEqual(await stored(server, "T"), [3]);
  const rows = await server.services.sql<{ id: number; reason: string; attempts: number }[]>`
    select id, reason, attempts from dead_letter order by reason`;
  assert.deepEqual([...rows], [{ id: 1, reason: "retries", attempts: 1 }, { id: 1, reason: "threshold", attempts: 0 }]);
});

Deno.test("[THR-1] global streams too: each device gets the newest N that it has not got, and keeps what it was sent", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "G", scope: "global", target: "device", threshold: 2 });
  const publish = (count: number) =>
    Promise.all(Array.from({ length: count }, () => server.pushGlobal({ bizType: "G" })));
  await publish(2);
  await using first = await phone(server);
  await first.until(() => ids(first, "G").length === 2);
  await publish(3);
  assert.deepEqual(await stored(server, "G"), [1, 2, 4, 5]);
  await using late = await phone(server, "d-2");
  await late.until(() => ids(late, "G").length === 2);
  assert.deepEqual(ids(late, "G"), [4, 5]);
  first.send({ type: "foreground" });
  await first.until(() => ids(first, "G").length === 4);
  assert.deepEqual(ids(first, "G"), [1, 2, 4, 5]);
  first.ack("G", 5, "global");
  await first.settled();
  await flushed(server, () => stored(server, "G"), [4, 5]);
  assert.deepEqual(await letters(server, "G"), [3]);
});

Deno.test("[THR-1] [CFG-3] a lowered threshold drops at once, a raised one brings nothing back, and none keeps all from then on", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "T" });
  await makeConfig(server, { bizType: "G", scope: "global", target: "device" });
  await pushes(server, "T", 6);
  for (let i = 0; i < 6; i++) await server.pushGlobal({ bizType: "G" });
  for (const biz of ["T", "G"]) {
    await changeConfig(server, biz, { threshold: 2 });
    await flushed(server, () => stored(server, biz), [5, 6]);
    assert.deepEqual(await letters(server, biz), [1, 2, 3, 4]);
    await changeConfig(server, biz, { threshold: 4 });
  }
  await pushes(server, "T", 1);
  await server.pushGlobal({ bizType: "G" });
  assert.deepEqual([await stored(server, "T"), await stored(server, "G")], [[5, 6, 7], [5, 6, 7]]);
  for (const biz of ["T", "G"]) await changeConfig(server, biz, { threshold: null });
  await using client = await phone(server);
  await client.until(() => ids(client, "T").length === 3 && ids(client, "G").length === 3);
  assert.deepEqual([ids(client, "T"), ids(client, "G")], [[5, 6, 7], [5, 6, 7]]);
});

Deno.test("[THR-1] a threshold that was set while a server stopped is enforced by the sweeper of the next one", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "T" });
  await pushes(server, "T", 4);
  const { sql } = server.services;
  // as if the process had died between the change and its effect: nobody is told
  await sql`alter table config disable trigger config_touch`;
  await sql`update config set threshold = 1 where no = ${configNo(server, "T")}`;
  assert.deepEqual(await stored(server, "T"), [1, 2, 3, 4]);
  await sweep(sql, Date.now(), () => Promise.resolve());
  assert.deepEqual([await stored(server, "T"), await letters(server, "T")], [[4], [1, 2, 3]]);
  await sql`alter table config enable trigger config_touch`;
});

Deno.test("[THR-1] with pushes and connects at once what is sent is kept, and what is dropped was not sent", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "T", threshold: 2 });
  await makeConfig(server, { bizType: "T-ONE", threshold: 2, multiDevice: false });
  await makeConfig(server, { bizType: "G", scope: "global", target: "device", threshold: 2 });
  const seen = new Map<string, Set<number>>();
  for (let round = 0; round < 12; round++) {
    const connecting = phone(server, `d-${round}`);
    const flood = ["T", "T-ONE", "T", "T-ONE", "T"].map((bizType) => server.push({ bizType }));
    const everybody = [1, 2, 3].map(() => server.pushGlobal({ bizType: "G" }));
    const client = await connecting;
    await Promise.all([...flood, ...everybody]);
    client.send({ type: "foreground" });
    await client.until(() => ["T", "G"].every((biz) => coveredTo(client, biz) >= 3 * (round + 1)));
    for (const biz of ["T", "T-ONE", "G"]) {
      const known = seen.get(biz) ?? new Set();
      for (const id of ids(client, biz)) known.add(id);
      seen.set(biz, known);
    }
    await client[Symbol.asyncDispose]();
  }
  for (const biz of ["T", "T-ONE", "G"]) {
    await server.services.recorder.flush();
    const kept = await stored(server, biz);
    const lost = [...seen.get(biz)!].filter((id) => !kept.includes(id));
    assert.deepEqual(lost, [], `${biz}: sent to somebody who has not answered, and dropped`);
    const head = biz === "T-ONE" ? 24 : 36;
    assert.deepEqual(kept.filter((id) => id > head - 2), [head - 1, head]);
    const unsent = kept.filter((id) => id <= head - 2 && !seen.get(biz)!.has(id));
    assert.ok(unsent.length <= 2 * 12, `${biz}: payloads stay bounded`);
  }
});

Deno.test("[THR-1] [FLT-3] an op owed to one device and kept for another is not delivered late once it is over the threshold", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "T", threshold: 1 });
  await using holder = await phone(server, "d-2", { appVersion: "2.0" });
  await pushes(server, "T", 1, { appMinVersion: "2.0" });
  await holder.until(() => ids(holder, "T").length === 1);
  await using old = await phone(server, "d-1", { appVersion: "1.0" });
  await old.until(() => coveredTo(old, "T") === 1);
  await pushes(server, "T", 1);
  await old.until(() => ids(old, "T").length === 1);
  old.ack("T", 2);
  await old.settled();
  assert.deepEqual(await stored(server, "T"), [1, 2]);
  await using upgraded = await phone(server, "d-1", { appVersion: "2.0", user: user("u-1", [["user", "T", 2]]) });
  await pushes(server, "T", 1);
  await upgraded.until(() => ids(upgraded, "T").length > 0);
  assert.deepEqual(ids(upgraded, "T"), [3]);
});

Deno.test("[THR-1] a threshold that is set keeps what was sent a moment ago, and is not yet written down", async () => {
  await using server = await startServer();
  await using client = await RawClient.connect(server, { user: user("u-1") });
  for (let i = 0; i < 3; i++) await server.push();
  await client.until(() => ids(client, "UCHAT").length === 3);
  await changeConfig(server, "UCHAT", { threshold: 1 });
  const cut = () => server.services.sql`select 1 from sweep where threshold = 1`;
  while ((await cut()).length === 0);
  const letters = await server.services.sql`select id from dead_letter`;
  assert.deepEqual(letters.map((row) => row.id), []);
  await client[Symbol.asyncDispose]();
  await using again = await RawClient.connect(server, { user: user("u-1") });
  await again.until(() => ids(again, "UCHAT").length === 3);
});
