import assert from "node:assert/strict";
import { INHERITED } from "../fuzz/nasty.ts";
import { RawClient, user } from "../support/client.ts";
import { message, post } from "../support/rest.ts";
import { startServer, type TestServer } from "../support/server.ts";

async function createConfig(server: TestServer, bizType: string, target: "user" | "device"): Promise<void> {
  const config = { bizType, description: "named like a built-in", scope: "single", target, multiDevice: true };
  const response = await server.admin("POST", "/api/instances/default_demo/configs", config);
  assert.equal(response.status, 201, await response.text());
}

Deno.test("[PUSH-1] configs, users, devices and pushes may be named like what every object inherits", async () => {
  await using server = await startServer();
  for (const name of INHERITED) {
    assert.equal(
      (await post(server, message({ bizType: name }))).body.msg,
      "BIZ_NOT_ONLINE",
      `${name} is no config yet`,
    );
    assert.equal((await post(server, message(), { instanceId: name })).body.msg, "INSTANCE_NOT_FOUND");
    for (const path of ["", "/configs", "/configs/UCHAT", "/pushes", "/users/u-1"]) {
      assert.equal((await server.admin("GET", `/api/instances/${name}${path}`)).status, 404, name + path);
    }
    assert.equal((await server.admin("GET", `/api/instances/default_demo/configs/${name}`)).status, 404, name);
    await createConfig(server, name, "user");
    await using client = await RawClient.connect(server, {
      deviceId: name,
      user: user(name, [["user", name, 0]], name),
    });
    const push = message({ bizType: name, linkToken: name, thirdMsgId: name, payload: name });
    assert.equal((await post(server, push)).body.msg, "SUCCESS");
    assert.equal((await post(server, push)).body.msg, "DUPLICATED_BIZ_ID");
    await client.until(() => client.ops(name).length === 1);
    assert.deepEqual(client.ops(name).map(({ mid, pl }) => [mid, pl]), [[name, name]]);
    client.ack(name, 1);
    await client.settled();
    const status = await (await server.admin("GET", `/api/instances/default_demo/users/${name}`)).json();
    assert.deepEqual([status.online, status.sessions[0].deviceId, status.pushes30d], [true, name, 1]);
  }
});

Deno.test("[PUSH-1] keys named like what every object inherits change nothing, in frames and in bodies", async () => {
  await using server = await startServer();
  const poison = '"__proto__":{"polluted":1,"foreground":false},"constructor":{"prototype":{"polluted":1}}';
  await using client = await RawClient.open(server.syncUrl);
  client.sendText(
    `{${poison},"type":"hello","protocol":1,"seq":1,"instanceId":"default_demo","deviceId":"d-1",` +
      `"user":{${poison},"userId":"u-1","sessionId":"s-1"}}`,
  );
  await client.next("welcome");
  client.sendText(`{${poison},"type":"ack","scope":"user","biz":"UCHAT","id":1}`);
  client.sendText(`{${poison},"type":"bind","n":1,"userId":"u-1","sessionId":"s-1"}`);
  await client.settled();
  const body = `{${poison},${JSON.stringify(message()).slice(1)}`;
  assert.equal((await post(server, body)).body.msg, "SUCCESS");
  assert.equal((await server.admin("POST", "/api/instances/default_demo/pushes", JSON.parse(body))).status, 200);
  const patch = await server.admin("PATCH", "/api/instances/default_demo", JSON.parse(`{${poison},"name":"Demo"}`));
  assert.equal(patch.status, 200);
  assert.equal(Reflect.get({}, "polluted"), undefined);
  assert.equal(Reflect.get(Object, "polluted"), undefined);
});

Deno.test("JSON nested as deep as a frame or a body can hold costs its sender an answer, and nobody else anything", async () => {
  await using server = await startServer();
  await using bystander = await RawClient.connect(server, { deviceId: "d-2", user: user("u-1") });
  const deep = (bytes: number) => "[".repeat(bytes / 2) + "]".repeat(bytes / 2);
  await using client = await RawClient.connect(server);
  client.sendText(`{"type":"ping","n":7,"pad":${deep(60_000)}}`);
  assert.equal((await client.next("pong")).n, 7);
  for (const frame of [deep(60_000), `{"type":"ack","scope":"user","biz":${deep(60_000)},"id":1}`]) {
    await using other = await RawClient.connect(server, { deviceId: "d-3" });
    other.sendText(frame);
    assert.equal((await other.close()).code, 4400);
  }
  const nested = () => JSON.stringify(message()).replace(/}$/, `,"pad":${deep(60_000)}}`);
  assert.equal((await post(server, nested())).body.msg, "SUCCESS");
  assert.equal((await post(server, deep(65_000))).body.msg, "ARGS_ILLEGAL");
  const recorded = await fetch(`${server.url}/api/instances/default_demo/pushes`, {
    method: "POST",
    headers: { Authorization: `Bearer ${server.adminToken}`, "Content-Type": "application/json" },
    body: nested(),
  });
  assert.deepEqual([recorded.status, (await recorded.json()).msg], [200, "SUCCESS"]);
  const records = await server.admin("GET", "/api/instances/default_demo/records?action=data.sent");
  assert.match(
    JSON.stringify((await records.json()).items[0].after.pad),
    /^\[+"…"\]+$/,
    "recorded as deep as one reads",
  );
  await bystander.until(() => bystander.ops("UCHAT").length === 2);
});

Deno.test("an ack with as many ids as a frame can hold is read once, and its sender goes on", async () => {
  await using server = await startServer();
  await using client = await RawClient.connect(server, { user: user("u-1") });
  for (let n = 0; n < 50; n++) client.send({ type: "ack", scope: "user", biz: "UCHAT", ids: Array(1_000).fill(n) });
  await client.settled();
  client.send({ type: "ack", scope: "user", biz: "UCHAT", ids: Array(1_001).fill(1) });
  assert.equal((await client.close()).code, 4400);
});

Deno.test("[PT-1] forged acks close their session or are ignored; what is owed to others stays owed", async () => {
  await using server = await startServer();
  await server.push({ payload: "1" });
  await using victim = await RawClient.connect(server, { deviceId: "victim", user: user("u-1") });
  await victim.until(() => victim.ops("UCHAT").length === 1);
  const unreadable: unknown[] = [-1, 1.5, 2 ** 53, 1e300, "1", null, [1], { id: 1 }];
  for (const id of unreadable) {
    for (const forged of [{ id }, { ids: [id] }, { id: 1, ids: [1, id] }]) {
      await using forger = await RawClient.connect(server, { deviceId: "forger", user: user("u-2") });
      forger.send({ type: "ack", scope: "user", biz: "UCHAT", ...forged });
      assert.equal((await forger.close()).code, 4400, JSON.stringify(forged));
    }
  }
  await using forger = await RawClient.connect(server, { deviceId: "forger", user: user("u-2") });
  for (const scope of ["user", "device", "global", "globalUser"] as const) {
    for (const biz of ["UCHAT", "TRADE-RESULT", "DEVICE-LOCK", "GLOBAL-SDK-CONFIG", "NOBODY-S"]) {
      for (const id of [0, 1, 2, 1_000_000, Number.MAX_SAFE_INTEGER]) {
        forger.send({ type: "ack", scope, biz, id });
        forger.send({ type: "ack", scope, biz, ids: [id] });
      }
    }
  }
  await forger.settled();
  const { recorder, sql } = server.services;
  await recorder.flush();
  assert.equal((await sql`select from arrival`).length, 0);
  assert.equal((await sql`select from sync_point where point > 0`).length, 0);
  victim.ack("UCHAT", 1);
  await victim.settled();
  await recorder.flush();
  assert.equal((await sql`select from arrival where owner = 'u-1' and device = 'victim'`).length, 1);
  // nor does a forged point in a hello arrive as an acknowledgement of what lies above the log
  await using liar = await RawClient.connect(server, {
    deviceId: "liar",
    user: user("u-1", [["user", "UCHAT", Number.MAX_SAFE_INTEGER]]),
  });
  await liar.next("reset");
  await liar.until(() => liar.ops("UCHAT").length === 1);
});

Deno.test("[PUSH-7] ids of any script, with marks upon marks, are kept as they came; overlong ones are refused by name", async () => {
  await using server = await startServer();
  const ids = ["e" + "\u0301".repeat(99), "\u202e\u2066abc", "👩‍👩‍👧‍👦".repeat(9), "\u00e9", "e\u0301", "İ", "ß", "\u2028"];
  for (const id of ids) {
    await using client = await RawClient.connect(server, { deviceId: id, user: user(id, [], "s-1") });
    assert.equal((await post(server, message({ linkToken: id, thirdMsgId: id }))).body.msg, "SUCCESS", id);
    await client.until(() => client.ops("UCHAT").length === 1);
    assert.equal(client.ops("UCHAT")[0]?.mid, id);
    const status = await server.admin("GET", `/api/instances/default_demo/users/${encodeURIComponent(id)}`);
    assert.equal((await status.json()).pushes30d, 1, "é and e + accent are two users, as two texts are");
  }
  const long = "\u0301".repeat(101);
  assert.equal((await post(server, message({ linkToken: long }))).body.msg, "ARGS_ILLEGAL");
  assert.equal(
    (await server.admin("GET", `/api/instances/default_demo/users/${encodeURIComponent(long)}`)).status,
    400,
  );
});

Deno.test("[OPS-5] a NUL, or a cursor that nobody gave out, is refused by every route that takes one", async () => {
  await using server = await startServer();
  const at = "/api/instances/default_demo";
  const withNul = ["/configs/%00", "/configs/A%00/pushes/1", "/users/a%00", "/devices/%00", "/configs?q=%00"];
  const lists = ["/pushes", "/deadletters", "/records", "/stats", "/configs"];
  for (const list of lists) {
    for (const key of ["bizType", "userId", "operator", "thirdMsgId"]) withNul.push(`${list}?${key}=%00`);
  }
  for (const path of withNul) {
    const response = await server.admin("GET", at + path);
    assert.equal(response.status, 400, `${path}: ${await response.text()}`);
  }
  for (
    const [method, path] of [["POST", "/configs/%00/online"], ["POST", "/users/%00/kick"], ["DELETE", "/secrets/%00"]]
  ) {
    assert.equal((await server.admin(method!, at + path!)).status, 400, path);
  }
  const positions = [
    { at: 1.5, id: 1, left: 1, config: 1, owner: "", subject: "", device: "" },
    { at: 1, id: 1e300, left: 1, config: 1, owner: "", subject: "", device: "" },
    { at: 1, id: 1, left: -5, config: 2 ** 31, owner: "", subject: "", device: "" },
    { at: 1, id: 1, left: 0.5, config: 1, owner: "\0", subject: "\0", device: "" },
    { day: "yesterday", bizType: "A" },
    { day: "2025-13-45", bizType: "\0" },
    "\0",
    null,
  ];
  for (const list of ["/pushes", "/deadletters", "/records", "/stats", "/configs"]) {
    for (const position of positions) {
      const cursor = btoa(JSON.stringify(position)).replaceAll("=", "");
      assert.equal(
        (await server.admin("GET", `${at}${list}?cursor=${cursor}`)).status,
        400,
        list + JSON.stringify(position),
      );
    }
  }
  const statuses = { "2147483648": 404, "-3000000000": 404, "1e300": 400, "1.5": 400, "-9007199254740993": 400 };
  for (const [id, status] of Object.entries(statuses)) {
    assert.equal((await server.admin("PATCH", `/api/operators/${id}`, { disabled: true })).status, status, id);
  }
});
