import assert from "node:assert/strict";
import { frameText, restText, sign } from "../../src/canonical.ts";
import { RawClient, user } from "../support/client.ts";
import { message } from "../support/rest.ts";
import { startServer, type TestServer } from "../support/server.ts";

const OURS = "a_app", THEIRS = "b_app";

/** Two instances with signatures on, the same configs, and one push for `u-1` each. */
async function setUp() {
  const server = await startServer();
  const secrets: Record<string, Record<"server" | "app", { id: string; secret: string }>> = {};
  for (const instanceId of [OURS, THEIRS]) {
    const [workspaceId, appId] = instanceId.split("_");
    const at = `/api/instances/${instanceId}`;
    await ok(server, "POST", "/api/instances", { workspaceId, appId, name: instanceId });
    secrets[instanceId] = {
      server: await ok(server, "POST", `${at}/secrets`, { kind: "server" }),
      app: await ok(server, "POST", `${at}/secrets`, { kind: "app" }),
    };
    const bizType = instanceId === OURS ? "SHARED" : "THEIRS";
    const config = { description: "x", scope: "single", target: "user", multiDevice: true };
    for (const each of ["SHARED", bizType]) {
      await server.admin("POST", `${at}/configs`, { ...config, bizType: each }).then((response) =>
        response.body?.cancel()
      );
    }
    await ok(
      server,
      "POST",
      `${at}/pushes`,
      message({ bizType: "SHARED", payload: instanceId, thirdMsgId: instanceId }),
    );
  }
  return { server, secrets: secrets as Record<typeof OURS | typeof THEIRS, typeof secrets[string]> };
}

async function ok<T>(server: TestServer, method: string, path: string, body?: unknown): Promise<T> {
  const response = await server.admin(method, path, body);
  const answer = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** A push to one instance, signed with some secret for some path. */
async function signedPush(server: TestServer, to: string, secret: string, nonce: string, signedFor = to) {
  const pathOf = (instanceId: string) => `/webapi/sync/single?instanceId=${instanceId}`;
  const body = new TextEncoder().encode(JSON.stringify(message({ bizType: "SHARED" })));
  const timestamp = String(Date.now());
  const signature = sign(
    secret,
    restText({ method: "POST", pathAndQuery: pathOf(signedFor), timestamp, nonce, body }),
  );
  const headers = { "X-Sync-Timestamp": timestamp, "X-Sync-Nonce": nonce, "X-Sync-Signature": signature };
  const response = await fetch(server.url + pathOf(to), { method: "POST", headers, body });
  return `${response.status} ${(await response.json()).msg}`;
}

function signedHello(instanceId: string, secret: string, nonce: string, signedFor = instanceId) {
  const names = { deviceId: "d-1", userId: "u-1", sessionId: "s-u-1" };
  const timestamp = Date.now();
  const signature = sign(secret, frameText({ kind: "hello", instanceId: signedFor, ...names, timestamp, nonce }));
  return { instanceId, deviceId: "d-1", user: user("u-1"), sign: { timestamp, nonce, signature } };
}

Deno.test("[INS-1] a secret opens its own instance alone, by REST and by socket, and nonces are each instance's own", async () => {
  const { server: running, secrets } = await setUp();
  await using server = running;
  const { server: key } = secrets[OURS]!, { app } = secrets[OURS]!;
  assert.equal(await signedPush(server, OURS, key!.secret, "n-1"), "200 NOT_ONLINE");
  assert.equal(await signedPush(server, THEIRS, key!.secret, "n-2"), "401 SIGNATURE_INVALID");
  assert.equal(await signedPush(server, THEIRS, key!.secret, "n-3", OURS), "401 SIGNATURE_INVALID");
  assert.equal(await signedPush(server, THEIRS, secrets[THEIRS]!.server.secret, "n-1"), "200 NOT_ONLINE");
  for (const hello of [signedHello(THEIRS, app!.secret, "n-4"), signedHello(THEIRS, app!.secret, "n-5", OURS)]) {
    await using intruder = await RawClient.connect(server, hello);
    assert.equal((await intruder.close()).code, 4401);
  }
  await using client = await RawClient.connect(server, signedHello(OURS, app!.secret, "n-6"));
  await client.until(() => client.ops("SHARED").length === 2);
  assert.ok(client.payloads("SHARED").every((payload) => payload !== THEIRS));
});

Deno.test("[INS-1] what belongs to one instance is not found, changed, listed or closed under another", async () => {
  const { server: running, secrets } = await setUp();
  await using server = running;
  const ours = `/api/instances/${OURS}`, theirs = `/api/instances/${THEIRS}`;
  await using victim = await RawClient.connect(server, signedHello(THEIRS, secrets[THEIRS]!.app.secret, "n-1"));
  await victim.until(() => victim.ops("SHARED").length === 1);
  const foreign: [method: string, path: string, body?: object][] = [
    ["GET", "/configs/THEIRS"],
    ["PATCH", "/configs/THEIRS", { description: "taken over" }],
    ["POST", "/configs/THEIRS/offline"],
    ["POST", "/configs/THEIRS/online"],
    ["DELETE", "/configs/THEIRS"],
    ["GET", "/configs/THEIRS/pushes/1?owner=u-1"],
    ["DELETE", `/secrets/${secrets[THEIRS]!.server.id}`],
    ["DELETE", `/secrets/${secrets[THEIRS]!.app.id}`],
  ];
  for (const [method, path, body] of foreign) {
    const response = await server.admin(method, ours + path, body);
    assert.equal(response.status, 404, `${method} ${path}: ${await response.text()}`);
  }
  assert.equal(await signedPush(server, THEIRS, secrets[THEIRS]!.server.secret, "n-2"), "200 SUCCESS");
  for (const who of ["users/u-1", "devices/d-1"]) {
    const status = await ok<{ online: boolean; sessions: unknown[] }>(server, "GET", `${ours}/${who}`);
    assert.deepEqual([status.online, status.sessions], [false, []]);
    assert.deepEqual(await ok(server, "POST", `${ours}/${who}/kick`), { closed: 0 });
  }
  await victim.settled();
  const refused = await ok<{ msg: string }>(server, "POST", `${ours}/pushes`, message({ bizType: "THEIRS" }));
  assert.equal(refused.msg, "BIZ_NOT_ONLINE");
  for (const list of ["pushes", "records", "stats", "configs", "deadletters"]) {
    const text = JSON.stringify(await ok(server, "GET", `${ours}/${list}`));
    assert.doesNotMatch(text, new RegExp(`${THEIRS}|n-2`), list);
  }
  assert.match(JSON.stringify(await ok(server, "GET", `${theirs}/pushes`)), new RegExp(THEIRS));
});

Deno.test("[INS-1] a cursor of one instance shows nothing of it under another", async () => {
  const { server: running } = await setUp();
  await using server = running;
  const ours = `/api/instances/${OURS}`, theirs = `/api/instances/${THEIRS}`;
  for (let n = 0; n < 3; n++) {
    await ok(
      server,
      "POST",
      `${theirs}/pushes`,
      message({ bizType: "THEIRS", payload: THEIRS, thirdMsgId: `${THEIRS}-${n}` }),
    );
  }
  for (const list of ["pushes", "records"]) {
    const { next } = await ok<{ next: string }>(server, "GET", `${theirs}/${list}?limit=1`);
    assert.ok(next, list);
    const page = await ok<{ items: object[] }>(server, "GET", `${ours}/${list}?cursor=${next}`);
    assert.doesNotMatch(JSON.stringify(page), new RegExp(THEIRS), list);
  }
});

Deno.test("metrics have the same lines whatever was asked for: labels are instances that exist", async () => {
  await using server = await startServer();
  const series = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) =>
      line.replace(/ \S+$/, "")
    );
  };
  const say = async (n: number) => {
    const other = `nobody_${n}`, query = `?instanceId=${other}`;
    await fetch(`${server.url}/webapi/sync/single${query}`, { method: "POST", body: JSON.stringify(message()) })
      .then((response) => response.body?.cancel());
    await server.push({ linkToken: `u-${n}`, bizType: "UCHAT", thirdMsgId: `m-${n}`, osType: `os${n}` });
    await server.push({ linkToken: `u-${n}`, bizType: `B-${n}` });
    await using client = await RawClient.connect(server, {
      deviceId: `d-${n}`,
      os: `os-${n}`,
      appVersion: `${n}.0`,
      user: user(`u-${n}`),
    });
    client.send({ type: "ack", scope: "user", biz: `B-${n}`, id: 1 });
    await client.settled();
    await using lost = await RawClient.open(server.syncUrl);
    lost.hello({ instanceId: other });
    await lost.close();
    await server.admin("GET", `/api/instances/${other}`).then((response) => response.body?.cancel());
  };
  await say(0);
  const before = await series();
  for (let n = 1; n < 20; n++) await say(n);
  assert.deepEqual(await series(), before);
});
