import assert from "node:assert/strict";
import { type AdminServer, adminServer } from "../../support/admin.ts";

const PATH = "/api/instances/sit_app/configs";
const MINIMAL = { bizType: "DEVICE-LOCK", description: "locks a device", scope: "single", target: "device" };
const USER = { ...MINIMAL, bizType: "UCHAT", target: "user" };
const GLOBAL = { ...MINIMAL, bizType: "SDK", scope: "global" };

Deno.test("[CFG-1] the least that a config needs; the rest has defaults, and it is online", async () => {
  await using server = await adminServer();
  const before = Date.now();
  const { status, json, body } = await server.admin("POST", PATH, MINIMAL);
  assert.equal(status, 201);
  assert(typeof body.createdAt === "number" && body.createdAt >= before && body.createdAt === body.updatedAt);
  assert.deepEqual(json, {
    ...MINIMAL,
    multiDevice: true,
    persistent: true,
    retentionDays: 30,
    threshold: null,
    consistency: false,
    status: "online",
    createdAt: body.createdAt,
    updatedAt: body.createdAt,
  });
  assert.deepEqual((await server.admin("GET", `${PATH}/DEVICE-LOCK`)).json, json);
});

Deno.test("[CFG-2] multiDevice: a choice for single + user, false where it is left out; true for all others", async () => {
  await using server = await adminServer();
  const made = async (config: Record<string, unknown>) => (await server.admin("POST", PATH, config)).body.multiDevice;
  assert.equal(await made({ ...USER, bizType: "A" }), false);
  assert.equal(await made({ ...USER, bizType: "B", multiDevice: false }), false);
  assert.equal(await made({ ...USER, bizType: "C", multiDevice: true }), true);
  assert.equal(await made({ ...GLOBAL, bizType: "D" }), true);
  assert.equal(await made({ ...GLOBAL, bizType: "E", target: "user", multiDevice: true }), true);
  assert.equal(await made({ ...MINIMAL, bizType: "F", multiDevice: true }), true);
});

Deno.test("[CFG-1] [CFG-2] what is not allowed is refused with the field named and the rule told", async () => {
  await using server = await adminServer();
  const cases: [Record<string, unknown>, string, RegExp][] = [
    [{ ...MINIMAL, bizType: "" }, "bizType", /1 to 30/],
    [{ ...MINIMAL, bizType: "a b" }, "bizType", /A-Z/],
    [{ ...MINIMAL, bizType: "X".repeat(31) }, "bizType", /1 to 30/],
    [{ ...MINIMAL, bizType: undefined }, "bizType", /1 to 30/],
    [{ ...MINIMAL, description: "" }, "description", /1 to 500/],
    [{ ...MINIMAL, description: undefined }, "description", /1 to 500/],
    [{ ...MINIMAL, scope: "all" }, "scope", /single, global/],
    [{ ...MINIMAL, target: undefined }, "target", /user, device/],
    [{ ...MINIMAL, retentionDays: 0 }, "retentionDays", /1 to 30/],
    [{ ...MINIMAL, retentionDays: 31 }, "retentionDays", /1 to 30/],
    [{ ...MINIMAL, retentionDays: 1.5 }, "retentionDays", /whole/],
    [{ ...MINIMAL, retentionDays: "7" }, "retentionDays", /whole/],
    [{ ...MINIMAL, threshold: 0 }, "threshold", /1 to 1000/],
    [{ ...MINIMAL, threshold: 1001 }, "threshold", /1 to 1000/],
    [{ ...MINIMAL, persistent: "yes" }, "persistent", /true or false/],
    [{ ...MINIMAL, multiDevice: false }, "multiDevice", /single and target user/],
    [{ ...GLOBAL, multiDevice: false }, "multiDevice", /single and target user/],
    [{ ...GLOBAL, target: "user", multiDevice: false }, "multiDevice", /single and target user/],
    [{ ...GLOBAL, persistent: false }, "persistent", /global/],
    [{ ...MINIMAL, consistency: true }, "consistency", /device/],
    [{ ...USER, persistent: false, threshold: 5 }, "threshold", /persistent/],
  ];
  for (const [config, field, rule] of cases) {
    const { status, body } = await server.admin("POST", PATH, config);
    assert.deepEqual([status, body.code, body.field], [400, "ARGS_ILLEGAL", field], JSON.stringify(config));
    assert.match(body.message ?? "", new RegExp(`^${field} `));
    assert.match(body.message ?? "", rule);
  }
  assert.deepEqual((await server.admin("GET", PATH)).body.items, []);
});

Deno.test("[CFG-1] the edges of every range are allowed", async () => {
  await using server = await adminServer();
  const edges = [
    { bizType: "X".repeat(30), retentionDays: 1, threshold: 1 },
    { bizType: "a-_9", retentionDays: 30, threshold: 1000 },
    { bizType: "b", description: "指定推送", threshold: null, consistency: true },
    { bizType: "c", scope: "global", consistency: true },
    { bizType: "d", persistent: false, multiDevice: true },
  ];
  for (const edge of edges) assert.equal((await server.admin("POST", PATH, { ...USER, ...edge })).status, 201);
});

Deno.test("[CFG-3] what never changes is refused by name, repeated as it is it passes; all else changes", async () => {
  await using server = await adminServer();
  await server.admin("POST", PATH, USER);
  const refused = { bizType: "OTHER", scope: "global", target: "device", multiDevice: true, status: "offline" };
  for (const [field, value] of Object.entries(refused)) {
    const { status, body } = await server.admin("PATCH", `${PATH}/UCHAT`, { [field]: value });
    assert.deepEqual([status, body.field], [400, field]);
  }
  const { body: before } = await server.admin("GET", `${PATH}/UCHAT`);
  const change = { description: "new", retentionDays: 7, threshold: 10, consistency: true };
  const { status, body } = await server.admin("PATCH", `${PATH}/UCHAT`, { ...before, ...change });
  assert.equal(status, 200);
  assert.deepEqual({ ...body, updatedAt: 0 }, { ...before, ...change, updatedAt: 0 });
});

Deno.test("[CFG-2] a change is checked together with what stays", async () => {
  await using server = await adminServer();
  await server.admin("POST", PATH, { ...USER, threshold: 5 });
  await server.admin("POST", PATH, GLOBAL);
  const refusedField = async (biz: string, patch: Record<string, unknown>) =>
    (await server.admin("PATCH", `${PATH}/${biz}`, patch)).body.field;
  assert.equal(await refusedField("UCHAT", { persistent: false }), "threshold");
  assert.equal(await refusedField("UCHAT", { persistent: false, threshold: null }), undefined);
  assert.equal(await refusedField("SDK", { persistent: false }), "persistent");
  assert.equal(await refusedField("SDK", { consistency: true }), "consistency");
});

Deno.test("[CFG-4] [CFG-5] offline, online, and deleting only when offline", async () => {
  await using server = await adminServer();
  await server.admin("POST", PATH, USER);
  const online = await server.admin("DELETE", `${PATH}/UCHAT`);
  assert.deepEqual([online.status, online.body.code], [409, "CONFIG_ONLINE"]);
  assert.equal((await server.admin("POST", `${PATH}/UCHAT/offline`)).body.status, "offline");
  assert.equal((await server.admin("POST", `${PATH}/UCHAT/offline`)).body.status, "offline");
  assert.equal((await server.admin("POST", `${PATH}/UCHAT/online`)).body.status, "online");
  await server.admin("POST", `${PATH}/UCHAT/offline`);
  assert.equal((await server.admin("DELETE", `${PATH}/UCHAT`)).status, 204);
  for (
    const [method, path] of [["GET", ""], ["PATCH", ""], ["DELETE", ""], ["POST", "/online"], [
      "POST",
      "/offline",
    ]] as const
  ) {
    const { status, body } = await server.admin(method, `${PATH}/UCHAT${path}`, method === "PATCH" ? {} : undefined);
    assert.deepEqual([status, body.code], [404, "CONFIG_NOT_FOUND"]);
  }
  assert.equal((await server.admin("POST", PATH, USER)).status, 201);
});

Deno.test("[REC-1] what was done to configs is recorded with the operator, before and after", async () => {
  await using server = await adminServer();
  await server.admin("POST", PATH, USER);
  await server.admin("PATCH", `${PATH}/UCHAT`, { retentionDays: 7 });
  await server.admin("POST", `${PATH}/UCHAT/offline`);
  await server.admin("POST", `${PATH}/UCHAT/online`);
  await server.admin("POST", `${PATH}/UCHAT/offline`);
  await server.admin("DELETE", `${PATH}/UCHAT`);
  const items = await records(server);
  assert.deepEqual(items.map(({ operator, action, object }) => [operator, action, object]), [
    ["token", "config.deleted", "UCHAT"],
    ["token", "config.offline", "UCHAT"],
    ["token", "config.online", "UCHAT"],
    ["token", "config.offline", "UCHAT"],
    ["token", "config.changed", "UCHAT"],
    ["token", "config.created", "UCHAT"],
    ["tester", "instance.created", "sit_app"],
  ]);
  const shown = {
    ...USER,
    multiDevice: false,
    persistent: true,
    retentionDays: 30,
    threshold: null,
    consistency: false,
  };
  assert.deepEqual(items[4]?.before, { ...shown, status: "online" });
  assert.deepEqual(items[4]?.after, { ...shown, retentionDays: 7, status: "online" });
});

Deno.test("configs are listed by bizType, searched, chosen by status, and paged", async () => {
  await using server = await adminServer();
  for (const bizType of ["D", "B", "A", "C"]) {
    await server.admin("POST", PATH, { ...USER, bizType, description: bizType === "C" ? "Locks" : "other" });
  }
  await server.admin("POST", `${PATH}/B/offline`);
  const list = async (query: string) =>
    (await server.admin("GET", `${PATH}?${query}`)).body.items.map((item) => item.bizType);
  assert.deepEqual(await list(""), ["A", "B", "C", "D"]);
  assert.deepEqual(await list("q=lock"), ["C"]);
  assert.deepEqual(await list("status=offline"), ["B"]);
  const first = await server.admin("GET", `${PATH}?limit=3`);
  assert.deepEqual(await list(`limit=3&cursor=${first.body.next}`), ["D"]);
  assert.equal((await server.admin("GET", `${PATH}?limit=4`)).body.next, null);
  for (const query of ["limit=0", "limit=1001", "limit=x", "cursor=junk", "status=gone"]) {
    assert.equal((await server.admin("GET", `${PATH}?${query}`)).status, 400, query);
  }
});

Deno.test("[INS-1] configs of an unknown or another instance are not found", async () => {
  await using server = await adminServer();
  await server.admin("POST", PATH, USER);
  await server.admin("POST", "/api/instances", { workspaceId: "prod", appId: "app", name: "Other" });
  assert.equal((await server.admin("GET", "/api/instances/prod_app/configs/UCHAT")).body.code, "CONFIG_NOT_FOUND");
  assert.equal((await server.admin("GET", "/api/instances/none/configs")).body.code, "INSTANCE_NOT_FOUND");
});

Deno.test("a body that is no JSON object, of another type, or too large is refused", async () => {
  await using server = await adminServer();
  const headers = { Authorization: "Bearer automation-token" };
  const send = async (body: string, type = "application/json") => {
    const response = await server.app.request(PATH, {
      method: "POST",
      body,
      headers: { ...headers, "Content-Type": type },
    });
    return [response.status, (await response.json()).code];
  };
  assert.deepEqual(await send("{"), [400, "ARGS_ILLEGAL"]);
  assert.deepEqual(await send("[]"), [400, "ARGS_ILLEGAL"]);
  assert.deepEqual(await send("bizType=A", "application/x-www-form-urlencoded"), [400, "ARGS_ILLEGAL"]);
  assert.deepEqual(await send(JSON.stringify({ ...USER, description: "x".repeat(70_000) })), [413, "BODY_TOO_LARGE"]);
});

async function records(server: AdminServer) {
  // The instance was made by the test's own hand, at its own time.
  return (await server.admin("GET", "/api/instances/sit_app/records?from=2020-01-01")).body.items;
}
