import assert from "node:assert/strict";
import { readVerdict } from "../../src/verdict.ts";

const SESSION = "s-1";
const wrapped = (answer: unknown) => JSON.stringify({ response: answer });

Deno.test("[SES-3] valid: every shape that real tenants answer with", () => {
  const result = { sid: SESSION, valid: "true" };
  const bodies = [
    wrapped({ resultCode: "OK", resultMsg: "fine", success: "true", result }), // the manual's
    JSON.stringify({ resultCode: "OK", success: "true", result }),
    JSON.stringify({ success: true, result: { sid: SESSION, valid: true } }),
    wrapped({ success: true, result: JSON.stringify(result) }),
    wrapped({ success: "TRUE", result: { valid: "True" } }),
    wrapped({ returnCode: 0, success: true, result: { valid: true } }),
    wrapped({ resultCode: { odd: true }, success: true, result: { valid: true, sid: null } }),
    wrapped({ resultCode: null, success: "true", result: { valid: "true", more: [1] } }),
    JSON.stringify({ response: JSON.stringify({ success: true, result }) }),
    `  ${wrapped({ success: true, result })}\n`,
  ];
  for (const body of bodies) assert.equal(readVerdict(200, body, SESSION).verdict, "valid", body);
  assert.equal(readVerdict(201, bodies[0] ?? "", SESSION).verdict, "valid");
  assert.equal(readVerdict(200, wrapped({ success: true, result: { sid: 17, valid: true } }), "17").verdict, "valid");
  const long = '{"success":true,"result":{"sid":1234567890123456789,"valid":true}}';
  assert.equal(readVerdict(200, long, "1234567890123456789").verdict, "valid", "a number that JavaScript cannot hold");
  assert.equal(readVerdict(200, long, "1234567890123456800").verdict, "invalid");
});

Deno.test("[SES-3] invalid: success true and otherwise", () => {
  const results: unknown[] = [
    { sid: SESSION, valid: "false" },
    { sid: SESSION, valid: false },
    { sid: "s-2", valid: "true" },
    { sid: "", valid: true },
    { sid: SESSION },
    { sid: [SESSION], valid: true },
    { sid: { toString: null }, valid: true },
    { valid: 1 },
    { valid: "yes" },
    JSON.stringify({ sid: "s-2", valid: true }),
    "no JSON",
    null,
    [true],
  ];
  for (const result of results) {
    for (const body of [wrapped({ success: "true", result }), JSON.stringify({ success: true, result })]) {
      assert.equal(readVerdict(200, body, SESSION).verdict, "invalid", body);
    }
  }
  assert.equal(readVerdict(200, wrapped({ success: true }), SESSION).verdict, "invalid");
});

Deno.test("[SES-3] unknown: everything else, success false included", () => {
  const result = { sid: SESSION, valid: true };
  const bodies = [
    wrapped({ success: "false", result }),
    wrapped({ success: false, result }),
    wrapped({ result }),
    wrapped({ success: 1, result }),
    wrapped({ resultCode: "OK", result }),
    wrapped({ success: null, result }),
    "",
    "true",
    "[]",
    "null",
    "<html>503</html>",
    `{"success":true,`,
  ];
  for (const body of bodies) assert.equal(readVerdict(200, body, SESSION).verdict, "unknown", body);
  const right = wrapped({ success: true, result });
  for (const status of [301, 302, 307, 400, 401, 404, 429, 500, 503]) {
    assert.equal(readVerdict(status, right, SESSION).verdict, "unknown", String(status));
  }
});

Deno.test("[SES-3] no reason repeats the sessionId", () => {
  for (const sid of ["s-secret", "other"]) {
    const reading = readVerdict(200, wrapped({ success: true, result: { sid, valid: true } }), "s-secret");
    assert.doesNotMatch(reading.detail, /s-secret/);
  }
});
