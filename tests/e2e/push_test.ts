import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { makeConfig, setStatus } from "../support/configs.ts";
import { message, post } from "../support/rest.ts";
import { startServer } from "../support/server.ts";

/** The body of the manual that existing callers send. */
const EXAMPLE = String.raw`{"bizType":"UCHAT","linkToken":"2088102147396225",
  "payload":"{\"name\":\"李四\",\"age\":\"30\"}","thirdMsgId":"test_third_msg_id_1",
  "appMinVersion":"0.0.0.0","appMaxVersion":"100.100.100.100","validTimeEnd":1893456000000}`;

Deno.test("[PUSH-2] a body and headers as existing callers send them work unchanged, on every path", async () => {
  await using server = await startServer();
  await using phone = await RawClient.connect(server, { user: user("2088102147396225") });
  const headers = { "Content-Encoding": "UTF-8", "Content-Type": "application/json;charset=UTF-8" };
  const { status, headers: answered, body } = await post(server, EXAMPLE, { headers });
  assert.deepEqual([status, body], [200, { success: true, msg: "SUCCESS" }]);
  assert.match(answered.get("Content-Type") ?? "", /^application\/json/);
  const alias = await post(server, EXAMPLE, { path: "/webapi-sync/single", headers });
  assert.deepEqual([alias.status, alias.body], [200, { success: true, msg: "DUPLICATED_BIZ_ID" }]);
  await phone.until(() => phone.ops("UCHAT").length > 0);
  assert.deepEqual(phone.ops("UCHAT").map(({ mid, pl }) => [mid, pl]), [
    ["test_third_msg_id_1", '{"name":"李四","age":"30"}'],
  ]);
  const rest = { scope: "global", thirdMsgId: "g-1", bizType: "GLOBAL-SDK-CONFIG", payload: "p" };
  const global = await post(server, rest, { path: "/webapi/sync/global", headers });
  assert.deepEqual([global.status, global.body], [200, { success: true, msg: "SUCCESS" }]);
});

Deno.test("[PUSH-1] every code of a business answer can be reached, with HTTP 200 and a sentence on refusals", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "OFFLINE" });
  await setStatus(server, "OFFLINE", "offline");
  await using _phone = await RawClient.connect(server, { user: user("u-1") });
  await post(server, message({ thirdMsgId: "twice" }));
  const cases: [code: string, fields: Record<string, unknown>, options?: Parameters<typeof post>[2]][] = [
    ["SUCCESS", {}],
    ["NOT_ONLINE", { linkToken: "u-2" }],
    ["DUPLICATED_BIZ_ID", { thirdMsgId: "twice" }],
    ["THIRDMSGID_IS_NULL", { thirdMsgId: "" }],
    ["ARGS_IS_NULL", { payload: null }],
    ["ARGS_IS_NULL", {}, { instanceId: null }],
    ["ARGS_IS_NULL", {}, { instanceId: "" }],
    ["THIRD_MSG_ID_LONG", { thirdMsgId: "x".repeat(101) }],
    ["PAYLOAD_LONG", { payload: "x".repeat(4097) }],
    ["BIZ_NOT_ONLINE", { bizType: "UNKNOWN" }],
    ["BIZ_NOT_ONLINE", { bizType: "OFFLINE" }],
    ["NOT_SUPPORT_GLOBAL", { bizType: "GLOBAL-SDK-CONFIG" }],
    ["NOT_SUPPORT_GLOBAL", {}, { path: "/webapi/sync/global" }],
    ["ARGS_ILLEGAL", { linkToken: 17 }],
    ["INSTANCE_NOT_FOUND", {}, { instanceId: "sit_320C94C171133" }],
  ];
  for (const [code, fields, options] of cases) {
    const { status, body } = await post(server, message(fields), options);
    const success = ["SUCCESS", "NOT_ONLINE", "DUPLICATED_BIZ_ID"].includes(code);
    assert.deepEqual([status, body.msg, body.success], [200, code, success], JSON.stringify(body));
    if (success) assert.deepEqual(Object.keys(body), ["success", "msg"]);
    else assert.match(body.detail ?? "", /^\w.*\w/);
  }
});

Deno.test("[PUSH-1] SUCCESS is for an eligible session: also behind its window, and not for one of another OS or version", async () => {
  await using server = await startServer({ env: { WINDOW_OPS: "1" } });
  await using phone = await RawClient.connect(server, { user: user("u-1"), os: "android", appVersion: "2.0" });
  assert.equal((await server.push()).msg, "SUCCESS");
  assert.equal((await server.push()).msg, "SUCCESS", "it waits behind a full window");
  await phone.settled();
  assert.equal(phone.ops("UCHAT").length, 1);
  assert.equal((await server.push({ osType: "iOS" })).msg, "NOT_ONLINE");
  assert.equal((await server.push({ appMinVersion: "2.1" })).msg, "NOT_ONLINE");
  assert.equal((await server.push({ osType: "ANDROID", appMinVersion: "2", appMaxVersion: "2.0.0" })).msg, "SUCCESS");
  assert.equal((await server.push({ bizType: "DEVICE-LOCK", linkToken: "d-1" })).msg, "SUCCESS");
  assert.equal((await server.push({ bizType: "DEVICE-LOCK", linkToken: "u-1" })).msg, "NOT_ONLINE");
});

Deno.test("[PUSH-4] of 100 simultaneous calls with one key exactly one stores, and every client gets it once", async () => {
  await using server = await startServer();
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  const answers = await Promise.all(Array.from({ length: 100 }, () => server.push({ thirdMsgId: "one" })));
  assert.deepEqual(answers.filter(({ msg }) => msg === "DUPLICATED_BIZ_ID").length, 99);
  assert.deepEqual(answers.filter(({ msg }) => msg === "SUCCESS").length, 1);
  assert.ok(answers.every(({ success }) => success));
  await server.push({ thirdMsgId: "two" });
  await phone.until(() => phone.ops("UCHAT").length >= 2);
  assert.deepEqual(phone.ops("UCHAT").map(({ id, mid }) => [id, mid]), [[1, "one"], [2, "two"]]);
  // the key is the owner's: another user, and another config, may use the same
  assert.equal((await server.push({ thirdMsgId: "one", linkToken: "u-2" })).msg, "NOT_ONLINE");
  assert.equal((await server.push({ thirdMsgId: "one", bizType: "TRADE-RESULT" })).msg, "SUCCESS");
  await server.restart();
  assert.equal((await server.push({ thirdMsgId: "one" })).msg, "DUPLICATED_BIZ_ID");
});

Deno.test("[PUSH-4] [PER-2] a config that is not persistent remembers no key", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "TICK", persistent: false });
  for (let n = 0; n < 3; n++) {
    assert.equal((await server.push({ bizType: "TICK", thirdMsgId: "one" })).msg, "NOT_ONLINE");
  }
  const rows = await server.services.sql`select from op`;
  assert.equal(rows.length, 0);
});

Deno.test("[PUSH-6] validity: past is refused unless a duplicate; absent or beyond the retention it is the retention's end", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "WEEK", retentionDays: 7 });
  const now = Date.now();
  const push = (fields: Record<string, unknown>) => server.push({ bizType: "WEEK", ...fields });
  const expired = await push({ validTimeEnd: now - 1 });
  assert.deepEqual([expired.success, expired.msg], [false, "ARGS_ILLEGAL"]);
  assert.match(expired.detail ?? "", /^validTimeEnd/);
  await push({ thirdMsgId: "a", validTimeEnd: now + 60_000 });
  assert.equal((await push({ thirdMsgId: "a", validTimeEnd: now - 1 })).msg, "DUPLICATED_BIZ_ID");
  await push({ thirdMsgId: "b" });
  await push({ thirdMsgId: "c", validTimeEnd: String(now + 30 * 86_400_000) });
  const rows = await server.services.sql<{ mid: string; kept: number; at: number }[]>`
    select mid, valid_until - at as kept, at from op order by id`;
  assert.deepEqual(rows.map(({ mid, kept, at }) => [mid, mid === "a" ? kept + at : kept]), [
    ["a", now + 60_000],
    ["b", 7 * 86_400_000],
    ["c", 7 * 86_400_000],
  ]);
  await makeConfig(server, { bizType: "TICK", persistent: false });
  assert.equal((await server.push({ bizType: "TICK", validTimeEnd: now - 1 })).msg, "ARGS_ILLEGAL");
});
