import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { message, post } from "../support/rest.ts";
import { startServer } from "../support/server.ts";

/** Every character that JSON text can carry, in payloads of the longest length. */
function everyCharacter(): string[] {
  const units: string[] = [];
  for (let code = 0; code <= 0xffff; code++) {
    if (code < 0xd800 || code > 0xdfff) units.push(String.fromCharCode(code));
  }
  const payloads: string[] = [];
  for (let at = 0; at < units.length; at += 4096) payloads.push(units.slice(at, at + 4096).join(""));
  // a pair from every plane beyond the first
  const pairs = Array.from({ length: 16 }, (_, plane) => String.fromCodePoint(0x10000 * (plane + 1) + 0x1234));
  return [...payloads, pairs.join(""), "\u0000", "a\u0000b\\u0000", '"\\\n\r\t\b\f', "\u2028\u2029", "\\"];
}

Deno.test("[PUSH-7] every character, NUL included, comes out as it went in, live and from the log", async () => {
  await using server = await startServer();
  const payloads = everyCharacter();
  const live = await RawClient.connect(server, { user: user("u-1") });
  for (const payload of payloads) assert.equal((await server.push({ payload })).msg, "SUCCESS");
  await live.until(() => live.ops("UCHAT").length === payloads.length);
  assert.deepEqual(live.payloads("UCHAT"), payloads);
  await live[Symbol.asyncDispose]();
  await using replay = await RawClient.connect(server, { user: user("u-1") });
  await replay.until(() => replay.ops("UCHAT").length === payloads.length);
  assert.deepEqual(replay.payloads("UCHAT"), payloads);
});

Deno.test("[PUSH-7] a name with a NUL in it is refused, whatever the payload; ids of any other script are taken", async () => {
  await using server = await startServer();
  const owner = "用户-😀-é", mid = "消息 №1";
  await using phone = await RawClient.connect(server, { deviceId: "设备", user: user(owner) });
  assert.equal((await server.push({ linkToken: owner, thirdMsgId: mid })).msg, "SUCCESS");
  assert.equal((await server.push({ linkToken: owner, thirdMsgId: mid })).msg, "DUPLICATED_BIZ_ID");
  await phone.until(() => phone.ops("UCHAT").length > 0);
  assert.equal(phone.ops("UCHAT")[0]?.mid, mid);
  assert.equal((await server.push({ linkToken: "u\u0000", payload: "\u0000" })).msg, "ARGS_ILLEGAL");
  assert.equal((await server.push({ payload: "\ud83d" })).msg, "ARGS_ILLEGAL");
});

Deno.test("[PUSH-1] base64 is handed through as it came, marked as binary, live and from the log", async () => {
  await using server = await startServer();
  const raw = ["aGVsbG8=", "AA==", "/+8=", "A".repeat(4096)];
  const live = await RawClient.connect(server, { user: user("u-1") });
  for (const binaryPayload of raw) {
    assert.equal((await post(server, message({ payload: undefined, binaryPayload }))).body.msg, "SUCCESS");
  }
  await server.push({ payload: "aGVsbG8=" });
  const seen = (phone: RawClient) => phone.ops("UCHAT").map(({ pl, isB }) => [pl, isB]);
  const expected = [...raw.map((pl) => [pl, true]), ["aGVsbG8=", undefined]];
  await live.until(() => live.ops("UCHAT").length === expected.length);
  assert.deepEqual(seen(live), expected);
  await live[Symbol.asyncDispose]();
  await using replay = await RawClient.connect(server, { user: user("u-1") });
  await replay.until(() => replay.ops("UCHAT").length === expected.length);
  assert.deepEqual(seen(replay), expected);
});

Deno.test("[PUSH-7] payloads that a log line, a query or a frame could stumble over go through", async () => {
  await using server = await startServer();
  const payloads = [
    "'; drop table op; --",
    "{1,2,NULL}",
    'NULL","a\\',
    "$1 ${x} %s \\N",
    '{"id":9,"pl":"x"}],"to":99',
    "</script>",
    " ".repeat(4096),
    "0",
    "null",
  ];
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await Promise.all(payloads.map((payload) => server.push({ payload })));
  await phone.until(() => phone.ops("UCHAT").length === payloads.length);
  assert.deepEqual(phone.payloads("UCHAT").toSorted(), payloads.toSorted());
});
