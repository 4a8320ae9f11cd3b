import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { testDatabase } from "../support/database.ts";
import { databaseProxy } from "../support/database_proxy.ts";
import { eventually } from "../support/eventually.ts";
import { startServer } from "../support/server.ts";

Deno.test("many connects at once are hydrated by few queries, each with what it has coming", async () => {
  await using database = await testDatabase();
  await using proxy = databaseProxy(database.url);
  await using server = await startServer({ databaseUrl: proxy.url });
  const count = 200;
  await Promise.all(Array.from({ length: count }, (_, n) => server.push({ linkToken: `u-${n}`, payload: `for ${n}` })));
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.open(server.syncUrl)));
  const before = proxy.queries;
  clients.forEach((client, n) => client.hello({ deviceId: `d-${n}`, user: user(`u-${n}`) }));
  for (const [n, client] of clients.entries()) {
    await client.until(() => client.ops("UCHAT").length === 1);
    assert.deepEqual(client.payloads("UCHAT"), [`for ${n}`]);
  }
  // one by one they would be four each: claim, device, user, pages
  assert.ok(proxy.queries - before < count, `${proxy.queries - before} queries for ${count} connects`);
  assert.deepEqual(server.services.registry.counts, { sessions: count, devices: count, users: count });
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  while (server.services.registry.counts.sessions > 0) await server.push({ linkToken: "nobody" });
  assert.deepEqual(server.services.registry.counts, { sessions: 0, devices: 0, users: 0 }, "actors are unloaded");
});

Deno.test("a push while its user's session is being opened is in the replay or follows it, once and in order", async () => {
  await using server = await startServer();
  for (let round = 0; round < 8; round++) {
    const owner = `u-${round}`;
    const client = await RawClient.open(server.syncUrl);
    const pushes = Array.from({ length: 10 }, async (_, n) => {
      if (n === 3) client.hello({ deviceId: `d-${round}`, user: user(owner) });
      return await server.push({ linkToken: owner });
    });
    await Promise.all(pushes);
    await client.until(() => client.ops("UCHAT").length >= 10);
    await client.settled();
    assert.deepEqual(client.ops("UCHAT").map((op) => op.id), Array.from({ length: 10 }, (_, n) => n + 1));
    await client[Symbol.asyncDispose]();
  }
});

Deno.test("4503: a connect that the database fails is told to come again, and nothing of it stays", async () => {
  await using server = await startServer({ quiet: true });
  const { sql } = server.services;
  await sql`alter table sync_point rename to sync_point_away`;
  await using client = await RawClient.open(server.syncUrl);
  client.hello({ user: user("u-1") });
  const { code, reason } = await client.close();
  assert.equal(code, 4503);
  assert.match(reason, /^overloaded retry-after-ms=\d+$/);
  await sql`alter table sync_point_away rename to sync_point`;
  assert.deepEqual(server.services.registry.counts, { sessions: 0, devices: 0, users: 0 });
  await using again = await RawClient.connect(server, { user: user("u-1") });
  assert.equal((await server.push()).msg, "SUCCESS");
  await again.until(() => again.ops("UCHAT").length === 1);
});

Deno.test("[CON-4] a client that goes before its connect was written is not shown as connected", async () => {
  await using server = await startServer();
  const { sql, registry } = server.services;
  await using slow = await RawClient.open(server.syncUrl);
  const gone = await RawClient.open(server.syncUrl);
  await sql.begin(async (tx) => {
    // the first connect waits for this row, and the second one for the first
    await tx`insert into session (instance, device, connection, node, seq, foreground, connected_at)
      values (${server.services.catalog.instance("default_demo")!.no}, 'd-slow', 'c', 'n', 1, true, 1)`;
    slow.hello({ deviceId: "d-slow" });
    await slow.settled();
    gone.hello({ deviceId: "d-gone", user: user("u-1") });
    await gone.settled();
    await gone[Symbol.asyncDispose]();
    while (registry.counts.sessions > 1) await server.push();
    // behind the word that it has gone
    await sql`select 1`;
  });
  await slow.next("welcome");
  await using after = await RawClient.connect(server, { deviceId: "d-after" });
  await after.settled();
  const devices = async () => (await sql`select device from session order by 1`).map((row) => row.device);
  await eventually(devices, ["d-after", "d-slow"]);
  await using other = await startServer({ databaseUrl: server.databaseUrl });
  const status = await other.admin("GET", "/api/instances/default_demo/users/u-1");
  assert.equal((await status.json()).online, false);
});

Deno.test("connects that waited for the database while their clients went away are not made up for when it is back", async () => {
  await using server = await startServer();
  const { sql, registry } = server.services;
  await sql`create table claimed (device text)`;
  await sql`create function claimed() returns trigger language plpgsql as $$
    begin insert into claimed values (new.device); return null; end $$`;
  await sql`create trigger claimed after insert on session for each row execute function claimed()`;
  await using first = await RawClient.open(server.syncUrl);
  const impatient = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(server.syncUrl)));
  await sql.begin(async (tx) => {
    await tx`lock table session in access exclusive mode`;
    first.hello({ deviceId: "d-first" });
    await first.settled();
    for (const [n, client] of impatient.entries()) {
      client.hello({ deviceId: `d-${n}` });
      await client.settled();
      await client[Symbol.asyncDispose]();
    }
    while (registry.counts.sessions > 1) await server.push();
  });
  await first.next("welcome");
  await using last = await RawClient.connect(server, { deviceId: "d-last" });
  await last.settled();
  const claimed = await sql`select device from claimed order by 1`;
  assert.deepEqual(claimed.map((row) => row.device), ["d-first", "d-last"]);
});

Deno.test("[CON-4] a logout or an end that the database could not take down is written when it is back", async () => {
  await using server = await startServer({ quiet: true });
  const { sql, registry } = server.services;
  const gone = await RawClient.connect(server, { deviceId: "d-gone" });
  await using staying = await RawClient.connect(server, { deviceId: "d-stays", user: user("u-1") });
  const rows = async () =>
    (await sql<{ device: string; user_id: string | null }[]>`select device, user_id from session order by 1`)
      .map((row) => `${row.device} ${row.user_id}`);
  await sql`alter table session rename to session_away`;
  await gone[Symbol.asyncDispose]();
  staying.send({ type: "unbind", n: 1 });
  await staying.settled();
  while (registry.counts.sessions > 1) await server.push();
  // behind both, which fail
  await sql`select pg_sleep(0.2)`;
  await sql`alter table session_away rename to session`;
  const expected = ["d-stays null"];
  for (let left = 50; left > 0 && String(await rows()) !== String(expected); left--) await sql`select pg_sleep(0.1)`;
  assert.deepEqual(await rows(), expected);
});

Deno.test("[SES-1] what a client says before the welcome waits for it: no batch and no bound goes before", async () => {
  await using server = await startServer();
  await server.pushGlobal();
  for (const linkToken of ["u-1", "u-2"]) await server.push({ linkToken, payload: `for ${linkToken}` });
  await using client = await RawClient.open(server.syncUrl);
  client.hello({ user: user("u-1"), foreground: false });
  client.send({ type: "foreground" });
  client.send({ type: "bind", n: 1, userId: "u-2", sessionId: "s-2", points: [] });
  await client.until(() => client.ops("GLOBAL-SDK-CONFIG").length > 0 && client.payloads("UCHAT").includes("for u-2"));
  assert.equal(client.frames[0]?.type, "welcome");
  const bound = client.frames.findIndex((frame) => frame.type === "bound");
  const second = client.frames.findIndex((frame) => JSON.stringify(frame).includes("for u-2"));
  assert.ok(bound > 0 && second > bound, JSON.stringify(client.frames.map((frame) => frame.type)));
});
