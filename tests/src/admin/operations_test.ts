import assert from "node:assert/strict";
import { postgresRecords } from "../../../db/records_postgres.ts";
import { postgresSessions } from "../../../db/sessions_postgres.ts";
import type { Clock } from "../../../src/clock.ts";
import { type AdminServer, adminServer } from "../../support/admin.ts";
import { USER_CONFIG } from "../../support/catalog.ts";

const PATH = "/api/instances/sit_app";
const DAY_MS = 24 * 3600_000;
const PUSH = { bizType: "TRADE-RESULT", linkToken: "u-1", thirdMsgId: "m-1", payload: "a\0b" };

Deno.test("[CON-3] send data hands the body on as it is and answers as the push API does", async () => {
  await using server = await serverWithConfig();
  const { status, json } = await server.admin("POST", `${PATH}/pushes`, PUSH);
  assert.deepEqual([status, json], [200, { success: true, msg: "SUCCESS" }]);
  assert.deepEqual(server.live.pushes, [{ instanceId: "sit_app", body: PUSH }]);
  server.live.answer = { success: false, msg: "PAYLOAD_LONG", detail: "payload is too long" };
  const refused = await server.admin("POST", `${PATH}/pushes`, PUSH);
  assert.deepEqual([refused.status, refused.json], [200, server.live.answer]);
  server.live.answer = { success: false, msg: "SYSTEM_BUSY", detail: "later" };
  const busy = await server.admin("POST", `${PATH}/pushes`, PUSH);
  assert.deepEqual([busy.status, busy.json, busy.headers.get("Retry-After")], [503, server.live.answer, "1"]);
});

Deno.test("[OPS-5] a thirdMsgId is made for a config that is not persistent, and told; for others it is the operator's", async () => {
  await using server = await serverWithConfig();
  await server.db.store.createConfig({ operator: "t", at: 1 }, server.db.instanceNo, {
    ...USER_CONFIG,
    bizType: "TICK",
    persistent: false,
  });
  await server.catalog.refresh();
  for (const thirdMsgId of [undefined, null, ""]) {
    const { body } = await server.admin("POST", `${PATH}/pushes`, { ...PUSH, bizType: "TICK", thirdMsgId });
    assert.match(String(body.thirdMsgId), /^console-[\w-]{36}$/);
    assert.equal(server.live.pushes.at(-1)?.body.thirdMsgId, body.thirdMsgId);
  }
  await server.admin("POST", `${PATH}/pushes`, { ...PUSH, thirdMsgId: undefined });
  assert.equal(server.live.pushes.at(-1)?.body.thirdMsgId, undefined);
});

Deno.test("[REC-1] what is to be recorded with a push is handed on with it; a refusal is recorded after it", async () => {
  await using server = await serverWithConfig();
  const headers = await server.loggedIn("operator");
  const record = { action: "data.sent", instanceNo: server.db.instanceNo, object: "TRADE-RESULT", before: null };
  await server.send("POST", `${PATH}/pushes`, { body: PUSH, headers });
  assert.deepEqual(server.live.sent.map(({ actor, record }) => [actor.operator, record]), [
    ["the-operator", { ...record, after: PUSH }],
  ]);
  server.live.answer = { success: false, msg: "BIZ_NOT_ONLINE", detail: "offline" };
  await server.send("POST", `${PATH}/pushes`, { body: PUSH, headers });
  const { body: { items } } = await server.admin("GET", `${PATH}/records`);
  assert.deepEqual(items.map(({ operator, action, object, after }) => ({ operator, action, object, after })), [{
    operator: "the-operator",
    action: "data.refused",
    object: "TRADE-RESULT",
    after: { thirdMsgId: "m-1", msg: "BIZ_NOT_ONLINE", detail: "offline" },
  }]);
});

Deno.test("[REC-1] without its record nobody is kicked", async () => {
  await using server = await serverWithConfig();
  await server.db
    .sql`create function refuse() returns trigger language plpgsql as 'begin raise exception ''full''; end'`;
  await server.db.sql`create trigger refuse before insert on record execute function refuse()`;
  const { status, body } = await server.admin("POST", `${PATH}/users/u-1/kick`);
  assert.deepEqual([status, body.code], [500, "SYSTEM_ERROR"]);
  assert(!JSON.stringify(body).includes("full"), "what is our fault is not told");
  assert.deepEqual(server.live.kicks, []);
  assert.match(String(server.errors), /full/);
});

Deno.test("[CON-4] a user's status: this node's sessions from memory, other living nodes' from their table", async () => {
  await using server = await adminServer();
  const session = { userId: "u/1", os: "iOS", appVersion: "1.2", foreground: true, consistency: "valid" as const };
  server.live.online = [{ ...session, deviceId: "d-1", connectedAt: Date.now() }];
  await connectElsewhere(server, "node-1", "d-1", 1); // our own row, older than what memory says
  await connectElsewhere(server, "node-1", "d-gone", 1); // our own row, not yet removed
  await connectElsewhere(server, "node-2", "d-2", 2);
  await connectElsewhere(server, "node-dead", "d-3", 3);
  await server.db.sql`update node set seen_at = 0 where id = 'node-dead'`;
  const { json, body } = await server.admin("GET", `${PATH}/users/${encodeURIComponent("u/1")}`);
  assert.deepEqual(json, {
    userId: "u/1",
    online: true,
    sessions: [
      server.live.online[0],
      { ...session, deviceId: "d-2", os: "android", appVersion: null, connectedAt: 2, consistency: null },
    ],
    pushes30d: 0,
    arrivals30d: 0,
  });
  assert.equal(body.online, true);
  server.live.online = [];
  assert.equal((await server.admin("GET", `${PATH}/devices/d-2`)).body.online, true);
  assert.equal((await server.admin("GET", `${PATH}/devices/d-3`)).body.online, false);
});

Deno.test("[REC-1] a kick closes the sessions of one user or device and is recorded", async () => {
  await using server = await adminServer();
  server.live.online = [{
    deviceId: "d-1",
    userId: "u-1",
    os: null,
    appVersion: null,
    foreground: true,
    connectedAt: 1,
    consistency: null,
  }];
  assert.deepEqual((await server.admin("POST", `${PATH}/users/u-1/kick`)).json, { closed: 1 });
  assert.deepEqual((await server.admin("POST", `${PATH}/devices/d-1/kick`)).json, { closed: 1 });
  assert.deepEqual(server.live.kicks.map((kick) => kick.owner), [{ userId: "u-1" }, { deviceId: "d-1" }]);
  const { body: { items } } = await server.admin("GET", `${PATH}/records`);
  assert.deepEqual(items.map((item) => [item.action, item.object]), [["kick", "device d-1"], ["kick", "user u-1"]]);
});

Deno.test("[CON-4] users and devices called `.` or `..` are reached by the query, since no path can hold them", async () => {
  await using server = await adminServer();
  for (const id of [".", ".."]) {
    assert.equal((await server.admin("GET", `${PATH}/users/-?id=${id}`)).body.userId, id);
    assert.equal((await server.admin("GET", `${PATH}/devices/-?id=${id}`)).body.deviceId, id);
    await server.admin("POST", `${PATH}/users/-/kick?id=${id}`);
    await server.admin("POST", `${PATH}/devices/-/kick?id=${id}`);
  }
  const kicked = server.live.kicks.map((kick) => kick.owner);
  assert.deepEqual(kicked, [{ userId: "." }, { deviceId: "." }, { userId: ".." }, { deviceId: ".." }]);
});

Deno.test("[REC-2] records: without a date the last 7 days and at most 1000, whatever the page", async () => {
  const now = 1_800_000_000_000;
  const clock: Clock = { now: () => now, after: () => () => {} };
  await using server = await adminServer({ clock });
  await server.db.sql`insert into record (at, operator, action, instance, object)
    select ${now} - n * 60000, case n % 2 when 0 then 'even' else 'odd' end, 'kick', ${server.db.instanceNo}, n::text
    from generate_series(1, 12000::bigint) n`;
  const all = async (query: string) => {
    const items = [];
    let cursor = "";
    for (;;) {
      const { body } = await server.admin("GET", `${PATH}/records?${query}${cursor}`);
      items.push(...body.items);
      if (body.next === null) return items;
      cursor = `&cursor=${body.next}`;
    }
  };
  for (const limit of [300, 1000]) {
    const items = await all(`limit=${limit}`);
    assert.deepEqual([items.length, items[0]?.object, items[999]?.object], [1000, "1", "1000"]);
  }
  assert.equal((await all("operator=odd&limit=1000")).length, 1000);
  assert.equal((await all(`from=${now - 2000 * 60_000}&limit=1000`)).length, 2000);
  const [from, to] = [now - 20 * 60_000, now - 10 * 60_000].map((at) => new Date(at).toISOString());
  assert.equal((await all(`from=${from}&to=${to}&operator=even&limit=1000`)).length, 5);
  assert.equal((await all("action=epoch")).length, 0);
  await server.db.sql`insert into record (at, operator, action, instance, object)
    values (${now - 7 * DAY_MS - 1}, 'late', 'epoch', ${server.db.instanceNo}, 'x'),
      (${now - 7 * DAY_MS}, 'late', 'kick', ${server.db.instanceNo}, 'y')`;
  assert.deepEqual((await all("operator=late")).map((item) => item.object), ["y"]);
  assert.deepEqual((await all("operator=late&from=2020-01-01")).map((item) => item.object), ["y", "x"]);
});

Deno.test("[REC-2] a day as `from` begins it, a day as `to` includes it (UTC)", async () => {
  await using server = await adminServer();
  const records = postgresRecords(server.db.sql);
  for (const at of ["2026-01-01T00:00:00Z", "2026-01-02T23:59:59.999Z", "2026-01-03T00:00:00Z"]) {
    const entry = { instanceNo: server.db.instanceNo, action: "kick" as const, object: at, before: null, after: null };
    await records.write({ operator: "t", at: Date.parse(at) }, entry);
  }
  const { body } = await server.admin("GET", `${PATH}/records?from=2026-01-01&to=2026-01-02`);
  assert.deepEqual(body.items.map((item) => item.object), ["2026-01-02T23:59:59.999Z", "2026-01-01T00:00:00Z"]);
  const objects = async (query: string) =>
    (await server.admin("GET", `${PATH}/records?${query}`)).body.items.map((item) => item.object);
  const last = ["2026-01-03T00:00:00Z"];
  for (const from of ["2026-01-03T00:00", "2026-01-03T08:00:00%2B08:00", "2026-01-03T00:00:00.000Z", "1767398400000"]) {
    assert.deepEqual(await objects(`from=${from}`), last, from);
  }
  for (const query of ["from=yesterday", "to=2026-13-01", "to=2026-02-30", "to=2026-1-2", "action=other"]) {
    assert.equal((await server.admin("GET", `${PATH}/records?${query}`)).status, 400, query);
  }
});

Deno.test("[REC-2] records are found by an operator's login in any case, as one logs in, and paged from any date on", async () => {
  await using server = await adminServer();
  const [early, late] = [await server.loggedIn("operator", "Wang.Li"), await server.loggedIn("operator", "li")];
  for (const headers of [early, late, early]) {
    await server.send("POST", `${PATH}/users/u-1/kick`, { headers });
  }
  const list = async (query: string) => (await server.admin("GET", `${PATH}/records?${query}`)).body;
  assert.deepEqual((await list("operator=wang.li")).items.map((item) => item.operator), ["Wang.Li", "Wang.Li"]);
  assert.equal((await list("operator=LI")).items.length, 1);
  const first = await list("action=kick&from=1900-01-01&limit=2");
  const second = await list(`action=kick&from=1900-01-01&limit=2&cursor=${first.next}`);
  assert.deepEqual([first.items.length, second.items.length, second.next], [2, 1, null]);
  const made = await server.admin("POST", "/api/operators", { login: "Token", role: "viewer" });
  assert.equal(made.body.field, "login", "records of the bearer token must not be another's");
});

Deno.test("[INS-1] records of one instance are not shown under another, nor those of operators", async () => {
  await using server = await adminServer();
  await server.admin("POST", "/api/instances", { workspaceId: "prod", appId: "app", name: "Other" });
  await server.admin("POST", "/api/operators", { login: "li", role: "viewer" });
  await server.admin("PATCH", PATH, { name: "New" });
  const actions = async (path: string) => (await server.admin("GET", path)).body.items.map((item) => item.action);
  assert.deepEqual(await actions(`${PATH}/records`), ["instance.changed"]);
  assert.deepEqual(await actions("/api/instances/prod_app/records"), ["instance.created"]);
  assert.deepEqual(await actions("/api/operators/records"), ["operator.created"]);
});

Deno.test("[STA-1] statistics refuse a range that is inverted or longer than a year", async () => {
  await using server = await adminServer();
  for (const route of ["stats", "overview"]) {
    for (const query of ["from=2026-01-02&to=2026-01-01", "from=2020-01-01&to=2026-01-01"]) {
      assert.equal((await server.admin("GET", `${PATH}/${route}?${query}`)).body.field, "from");
    }
    assert.equal((await server.admin("GET", `${PATH}/${route}`)).status, 200);
  }
});

async function serverWithConfig(): Promise<AdminServer> {
  const server = await adminServer();
  await server.db.store.createConfig({ operator: "t", at: 1 }, server.db.instanceNo, USER_CONFIG);
  await server.catalog.refresh();
  return server;
}

/** A session as another server process would note it. */
async function connectElsewhere(
  server: AdminServer,
  node: string,
  deviceId: string,
  connectedAt: number,
): Promise<void> {
  const sessions = postgresSessions(server.db.sql, node);
  await sessions.beat(Date.now());
  const session = { instance: server.db.instanceNo, deviceId, connection: `${node} ${deviceId}`, seq: connectedAt };
  const client = { os: "android", appVersion: undefined, foreground: true, userId: "u/1", connectedAt };
  await sessions.claim([{ ...session, ...client }], Date.now());
}
