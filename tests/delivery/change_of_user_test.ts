import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { ackIds, ids } from "./shared.ts";

const push = (server: TestServer, linkToken: string, fields: Record<string, unknown> = {}) =>
  server.push({ linkToken, payload: linkToken, ...fields });

const bind = (client: RawClient, n: number, userId: string, points: [string, string, number][] = []) =>
  client.send({ type: "bind", n, userId, sessionId: `s-${n}`, points });

const bound = (client: RawClient, n: number) =>
  client.until(() => client.frames.some((frame) => frame.type === "bound" && frame.n === n));

/** Payloads of a biz in the frames after the `bound` that answers `n`. */
function payloadsAfter(client: RawClient, n: number, biz = "UCHAT"): string[] {
  const at = client.frames.findIndex((frame) => frame.type === "bound" && frame.n === n);
  return client.frames.slice(at < 0 ? Infinity : at).flatMap((frame) => frame.type === "sync" ? frame.batches : [])
    .filter((batch) => batch.biz === biz).flatMap((batch) => batch.ops.map((op) => op.pl));
}

async function arrivals(server: TestServer): Promise<string[]> {
  await server.services.recorder.flush();
  const rows = await server.services.sql<{ owner: string; id: number }[]>`
    select owner, id from arrival order by owner, id`;
  return rows.map((row) => `${row.owner} ${row.id}`);
}

Deno.test("[SES-1] with batches and acks in flight a new user is shown nothing of the old one, and credited nothing", async () => {
  await using server = await startServer();
  for (let round = 0; round < 10; round++) {
    const [old, next] = [`old-${round}`, `next-${round}`];
    for (let i = 0; i < 3; i++) {
      await push(server, old);
      await push(server, next);
    }
    await using client = await RawClient.connect(server, { deviceId: `d-${round}`, user: user(old) });
    await client.until(() => ids(client, "UCHAT").length >= 3);
    const inFlight = [push(server, old), push(server, old), push(server, next)];
    client.ack("UCHAT", 1);
    bind(client, 1, next);
    // a client that is wrong: it goes on acking what the old user got
    client.ack("UCHAT", 3);
    ackIds(client, "UCHAT", [2, 3]);
    await Promise.all(inFlight);
    await client.until(() => payloadsAfter(client, 1).length === 4);
    await client.settled();
    assert.deepEqual(new Set(payloadsAfter(client, 1)), new Set([next]), `round ${round}`);
    const before = client.batches("UCHAT").flatMap((batch) => batch.ops).slice(0, 3);
    assert.deepEqual(before.map((op) => op.pl), [old, old, old]);
    const mine = (await arrivals(server)).filter((row) => row.split(" ")[0]!.endsWith(`-${round}`));
    assert.deepEqual(mine, [`old-${round} 1`], "what was acked before the bind, and nothing else");
  }
});

Deno.test("[SES-1] unbind stops that user's streams at once, and those of the device go on", async () => {
  await using server = await startServer();
  await using client = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1") });
  client.send({ type: "unbind", n: 4 });
  await bound(client, 4);
  assert.equal((await push(server, "u-1")).msg, "NOT_ONLINE");
  assert.equal((await server.push({ bizType: "DEVICE-LOCK", linkToken: "d-1" })).msg, "SUCCESS");
  await client.until(() => ids(client, "DEVICE-LOCK").length === 1);
  client.ack("UCHAT", 1);
  await client.settled();
  assert.deepEqual([ids(client, "UCHAT"), await arrivals(server)], [[], []]);
});

Deno.test("[SES-1] bind of the same user anew starts his streams at the reported points, and nothing comes twice after it", async () => {
  await using server = await startServer();
  await using client = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1") });
  for (let i = 0; i < 3; i++) await push(server, "u-1");
  await client.until(() => ids(client, "UCHAT").length === 3);
  client.ack("UCHAT", 2);
  bind(client, 1, "u-1", [["user", "UCHAT", 2]]);
  await client.until(() => payloadsAfter(client, 1).length === 1);
  await push(server, "u-1");
  await client.until(() => payloadsAfter(client, 1).length === 2);
  await client.settled();
  const at = client.frames.findIndex((frame) => frame.type === "bound");
  const batches = client.frames.slice(at).flatMap((frame) => frame.type === "sync" ? frame.batches : []);
  assert.deepEqual(batches.map(({ from, to, ops }) => [from, to, ops.map((op) => op.id)]), [[2, 3, [3]], [3, 4, [4]]]);
});

Deno.test("[SES-1] of two binds in a row the second counts; both are answered in order", async () => {
  await using server = await startServer();
  for (let round = 0; round < 10; round++) {
    const users = [`a-${round}`, `b-${round}`, `c-${round}`];
    for (const one of users) await push(server, one);
    await using client = await RawClient.connect(server, { deviceId: `d-${round}`, user: user(users[0]!) });
    bind(client, 1, users[1]!);
    bind(client, 2, users[2]!);
    await client.until(() => payloadsAfter(client, 2).length === 1);
    await push(server, users[1]!);
    await client.settled();
    const answers = client.frames.filter((frame) => frame.type === "bound").map((frame) => [frame.n, frame.userId]);
    assert.deepEqual(answers, [[1, users[1]], [2, users[2]]]);
    assert.deepEqual(payloadsAfter(client, 2), [users[2]]);
  }
});

Deno.test("[SES-1] [DLV-1] a bind or unbind behind the hello, before its replay: welcome comes first, the streams are the new user's", async () => {
  await using server = await startServer();
  for (let round = 0; round < 10; round++) {
    const [first, second] = [`first-${round}`, `second-${round}`];
    for (let i = 0; i < 5; i++) await push(server, first);
    for (let i = 0; i < 3; i++) await push(server, second);
    await using client = await RawClient.open(server.syncUrl);
    client.hello({ deviceId: `d-${round}`, user: user(first, [["user", "UCHAT", 4]]) });
    if (round % 2) client.send({ type: "unbind", n: 0 });
    bind(client, 1, second, [["user", "UCHAT", 1]]);
    await client.until(() => payloadsAfter(client, 1).length === 2);
    await client.settled();
    assert.equal(client.frames[0]?.type, "welcome");
    const at = client.frames.findIndex((frame) => frame.type === "bound" && frame.n === 1);
    const batches = client.frames.slice(at).flatMap((frame) => frame.type === "sync" ? frame.batches : []);
    assert.deepEqual(batches.map(({ from, to, ops }) => [from, to, ops.map((op) => `${op.pl} ${op.id}`)]), [
      [1, 3, [`${second} 2`, `${second} 3`]],
    ]);
  }
});

Deno.test("[SES-1] [DEV-2] a single-device op that the old user had here in flight waits for him, and goes to nobody else", async () => {
  await using server = await startServer();
  const biz = "TRADE-RESULT";
  await using client = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1") });
  await push(server, "u-1", { bizType: biz });
  await client.until(() => ids(client, biz).length === 1);
  bind(client, 1, "u-2");
  client.ack(biz, 1);
  await bound(client, 1);
  await push(server, "u-2", { bizType: biz });
  await client.until(() => payloadsAfter(client, 1, biz).length === 1);
  await using other = await RawClient.connect(server, { deviceId: "d-2", user: user("u-1") });
  await other.until(() => ids(other, biz).length === 1);
  assert.deepEqual(other.payloads(biz), ["u-1"]);
  assert.deepEqual(payloadsAfter(client, 1, biz), ["u-2"]);
  assert.deepEqual(await arrivals(server), []);
});

Deno.test("[SES-1] [FLT-3] what is owed to one user on a device is not owed to the next one", async () => {
  await using server = await startServer();
  await push(server, "u-1", { appMinVersion: "2.0" });
  await using old = await RawClient.connect(server, { deviceId: "d-1", appVersion: "1.0", user: user("u-1") });
  await push(server, "u-1");
  await old.until(() => ids(old, "UCHAT").length === 1);
  old.ack("UCHAT", 2);
  await old.settled();
  await using upgraded = await RawClient.connect(server, { deviceId: "d-1", appVersion: "2.0", user: user("u-2") });
  await push(server, "u-2");
  await upgraded.until(() => ids(upgraded, "UCHAT").length === 1);
  assert.deepEqual(upgraded.payloads("UCHAT"), ["u-2"]);
  bind(upgraded, 1, "u-1", [["user", "UCHAT", 2]]);
  await upgraded.until(() => payloadsAfter(upgraded, 1).length === 1);
  assert.deepEqual(upgraded.batches("UCHAT").at(-1)?.late, true);
});

Deno.test("[SES-1] kick closes the chosen sessions with 4403, and their single-device ops go on", async () => {
  await using server = await startServer();
  const biz = "TRADE-RESULT";
  await using staying = await RawClient.connect(server, { deviceId: "d-1", user: user("u-1") });
  await using kicked = await RawClient.connect(server, { deviceId: "d-2", user: user("u-1") });
  await push(server, "u-1", { bizType: biz });
  await kicked.until(() => ids(kicked, biz).length === 1);
  assert.equal(server.services.registry.kick((session) => session.deviceId === "d-2"), 1);
  assert.equal((await kicked.close()).code, 4403);
  await staying.until(() => ids(staying, biz).length === 1);
  assert.equal(server.services.registry.kick((session) => session.bound?.userId === "u-1"), 1);
  assert.equal((await staying.close()).code, 4403);
  assert.deepEqual(server.services.registry.counts, { sessions: 0, devices: 0, users: 0 });
});
