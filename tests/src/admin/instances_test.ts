import assert from "node:assert/strict";
import { adminServer } from "../../support/admin.ts";

const PATH = "/api/instances/sit_app";

Deno.test("[INS-1] [INS-2] a new instance is named by workspace and app, has signatures on and an epoch of its own", async () => {
  await using server = await adminServer();
  const { status, body } = await server.admin("POST", "/api/instances", {
    workspaceId: "prod",
    appId: "320C94C171133",
    name: "商城",
  });
  assert.equal(status, 201);
  const { epoch, createdAt, ...rest } = body;
  assert.deepEqual({ ...rest, items: 0, next: 0 }, {
    instanceId: "prod_320C94C171133",
    workspaceId: "prod",
    appId: "320C94C171133",
    name: "商城",
    signature: true,
    sessionValidateUrl: null,
    secrets: [],
    items: 0,
    next: 0,
  });
  assert(typeof createdAt === "number" && typeof epoch === "string");
  assert.notEqual(epoch, (await server.admin("GET", PATH)).body.epoch);
  const again = await server.admin("POST", "/api/instances", {
    workspaceId: "prod",
    appId: "320C94C171133",
    name: "x",
  });
  assert.deepEqual([again.status, again.body.code], [409, "INSTANCE_EXISTS"]);
});

Deno.test("[INS-1] ids that would make the instance id ambiguous or unreadable are refused", async () => {
  await using server = await adminServer();
  const cases = [
    [{ workspaceId: "a_b", appId: "c", name: "n" }, "workspaceId"],
    [{ workspaceId: "", appId: "c", name: "n" }, "workspaceId"],
    [{ workspaceId: "a", appId: "c d", name: "n" }, "appId"],
    [{ workspaceId: "a", appId: "c".repeat(51), name: "n" }, "appId"],
    [{ workspaceId: "a", appId: "c" }, "name"],
  ] as const;
  for (const [instance, field] of cases) {
    assert.equal((await server.admin("POST", "/api/instances", instance)).body.field, field);
  }
});

Deno.test("[SIG-1] [SES-2] name, switch and validation URL change; a URL must be http(s) without a password", async () => {
  await using server = await adminServer();
  const change = { name: "New", signature: false, sessionValidateUrl: "https://tenant.example/validate" };
  const { body } = await server.admin("PATCH", PATH, change);
  assert.deepEqual({ name: body.name, signature: body.signature, sessionValidateUrl: body.sessionValidateUrl }, change);
  assert.equal((await server.admin("PATCH", PATH, { sessionValidateUrl: null })).body.sessionValidateUrl, null);
  const smuggled = ["http://x/\r\nX-Evil: 1", "http://x/\ta", " http://x/", "http://x/ HTTP/1.1", "http://x/\u2028"];
  for (const url of ["", "ftp://x/", "javascript:alert(1)", "http://user:pw@x/", "tenant.example", 7, ...smuggled]) {
    const answer = await server.admin("PATCH", PATH, { sessionValidateUrl: url });
    assert.deepEqual([answer.status, answer.body.field], [400, "sessionValidateUrl"], String(url));
  }
});

Deno.test("[INS-2] a secret is shown once, listed without its text, and its revocation holds at once", async () => {
  await using server = await adminServer();
  const { status, body, headers } = await server.admin("POST", `${PATH}/secrets`, { kind: "server" });
  assert.equal(status, 201);
  assert.match(String(body.secret), /^[\w-]{43}$/);
  assert.equal(headers.get("Cache-Control"), "no-store");
  const listed = await server.admin("GET", PATH);
  assert(JSON.stringify(listed.json).includes(String(body.id)));
  assert(!JSON.stringify(listed.json).includes(String(body.secret)));
  assert(!JSON.stringify((await server.admin("GET", "/api/instances")).json).includes(String(body.secret)));
  assert.equal(server.catalog.instance("sit_app")?.secrets[0]?.secret, body.secret);
  assert.equal((await server.admin("DELETE", `${PATH}/secrets/${body.id}`)).status, 204);
  assert.deepEqual(server.catalog.instance("sit_app")?.secrets, []);
  assert.equal((await server.admin("DELETE", `${PATH}/secrets/${body.id}`)).body.code, "SECRET_NOT_FOUND");
  assert.equal((await server.admin("POST", `${PATH}/secrets`, { kind: "other" })).body.field, "kind");
});

Deno.test("[INS-3] meta.config tells an app where to connect, per platform", async () => {
  await using server = await adminServer();
  const { json, headers } = await server.admin("GET", `${PATH}/meta.config?platform=ios`);
  assert.deepEqual(json, {
    appId: "app",
    appKey: "app_IOS",
    workspaceId: "sit",
    syncserver: "sync.example",
    syncport: "443",
  });
  assert.equal(headers.get("Content-Disposition"), `attachment; filename="meta.config"`);
  assert.equal((await server.admin("GET", `${PATH}/meta.config`)).body.field, "platform");
  assert.equal((await server.admin("GET", `${PATH}/meta.config?platform=a%0Ab`)).body.field, "platform");
});

Deno.test("[STR-1] the operator's jump keeps the epoch and is recorded", async () => {
  await using server = await adminServer();
  const { body: before } = await server.admin("GET", PATH);
  const { status, body } = await server.admin("POST", `${PATH}/epoch`);
  assert.deepEqual([status, body.epoch], [200, before.epoch]);
  const { body: { items } } = await server.admin("GET", `${PATH}/records`);
  assert.equal(items[0]?.action, "epoch");
});

Deno.test("[SES-3] the trial asks the tenant once and shows its raw answer and the verdict", async () => {
  await using server = await adminServer();
  const ended = new AbortController();
  const raw = `{"response":{"success":"true","result":{"sid":"s-1","valid":"true"}}}`;
  const tenant = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: ended.signal, onListen: () => {} },
    () => new Response(raw),
  );
  const url = `http://127.0.0.1:${tenant.addr.port}/`;
  const trial = (body: Record<string, unknown>) => server.admin("POST", `${PATH}/validation-trial`, body);
  assert.equal((await trial({ userId: "u-1", sessionId: "s-1" })).body.field, "url");
  const { body } = await trial({ userId: "u-1", sessionId: "s-1", url });
  assert.deepEqual([body.verdict, body.status, body.raw], ["valid", 200, raw]);
  await server.admin("PATCH", PATH, { sessionValidateUrl: url });
  assert.equal((await trial({ userId: "u-1", sessionId: "s-2" })).body.verdict, "invalid");
  ended.abort();
  await tenant.finished;
});

Deno.test("instances are listed by id, paged, and found by a part of id or name", async () => {
  await using server = await adminServer();
  for (const workspaceId of ["b", "a", "c"]) {
    await server.admin("POST", "/api/instances", { workspaceId, appId: "x", name: "n" });
  }
  const first = await server.admin("GET", "/api/instances?limit=3");
  const second = await server.admin("GET", `/api/instances?limit=3&cursor=${first.body.next}`);
  const ids = [...first.body.items, ...second.body.items].map((item) => item.instanceId);
  assert.deepEqual([ids, second.body.next], [["a_x", "b_x", "c_x", "sit_app"], null]);
  await server.admin("POST", "/api/instances", { workspaceId: "d", appId: "y", name: "Chat of B_X" });
  const found = await server.admin("GET", "/api/instances?q=b_x");
  assert.deepEqual(found.body.items.map((item) => item.instanceId), ["b_x", "d_y"]);
});

Deno.test("/openapi.json describes every route of the admin API and the push API", async () => {
  await using server = await adminServer();
  const response = await server.app.request("/openapi.json");
  const { paths } = await response.json();
  const described = Object.entries<Record<string, unknown>>(paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  const served = server.app.routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/api"))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  for (const route of served) assert(described.includes(route), route);
  for (const path of ["/webapi/sync/single", "/webapi/sync/global", "/webapi-sync/single"]) {
    assert(described.includes(`POST ${path}`), path);
  }
});
