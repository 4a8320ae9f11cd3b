import assert from "node:assert/strict";
import { checkPush, type Endpoint, type PushRequest, readPush } from "../../src/push_request.ts";

const VALID = { bizType: "UCHAT", linkToken: "u-1", thirdMsgId: "m-1", payload: "hello" };
const READ: PushRequest = {
  bizType: "UCHAT",
  linkToken: "u-1",
  thirdMsgId: "m-1",
  payload: "hello",
  binary: false,
  osType: null,
  appMinVersion: null,
  appMaxVersion: null,
  validTimeEnd: null,
};

/** The code of the refusal, or "read". */
const code = (fields: Record<string, unknown>, endpoint: Endpoint = "single") => {
  const result = checkPush({ ...VALID, ...fields }, endpoint);
  return "success" in result ? result.msg : "read";
};
const detail = (fields: Record<string, unknown>) => {
  const result = checkPush({ ...VALID, ...fields }, "single");
  return "success" in result ? result.detail ?? "" : "";
};

Deno.test("[PUSH-1] a full request is read as it is, an absent field as null", () => {
  const full = {
    ...VALID,
    osType: "iOS",
    appMinVersion: "1.0",
    appMaxVersion: "2.0",
    validTimeEnd: 1_893_456_000_000,
    unknown: { a: [1] },
  };
  assert.deepEqual(checkPush(VALID, "single"), READ);
  const { unknown: _unknown, ...known } = full;
  assert.deepEqual(checkPush(full, "single"), { ...READ, ...known });
});

Deno.test("[PUSH-2] empty string and null are absent, on every field", () => {
  for (const nothing of ["", null, undefined]) {
    assert.equal(code({ thirdMsgId: nothing }), "THIRDMSGID_IS_NULL");
    for (const field of ["bizType", "linkToken", "payload"]) {
      assert.equal(code({ [field]: nothing }), "ARGS_IS_NULL", field);
      assert.match(detail({ [field]: nothing }), new RegExp(`^${field}\\b.*missing`));
    }
    const optional = { osType: nothing, appMinVersion: nothing, appMaxVersion: nothing, validTimeEnd: nothing };
    assert.deepEqual(checkPush({ ...VALID, ...optional, binaryPayload: nothing }, "single"), READ);
  }
});

Deno.test("[PUSH-1] linkToken is asked for on single, and ignored on global whatever it is", () => {
  for (const linkToken of [undefined, "u-1", "x".repeat(101), 17, "\u0000", {}]) {
    assert.deepEqual(checkPush({ ...VALID, linkToken }, "global"), { ...READ, linkToken: "" });
  }
});

Deno.test("[PUSH-2] lengths are counted in UTF-16 units, and the longest allowed passes", () => {
  const longest: [field: string, max: number, tooLong: string][] = [
    ["thirdMsgId", 100, "THIRD_MSG_ID_LONG"],
    ["payload", 4096, "PAYLOAD_LONG"],
    ["bizType", 30, "ARGS_ILLEGAL"],
    ["linkToken", 100, "ARGS_ILLEGAL"],
    ["osType", 10, "ARGS_ILLEGAL"],
  ];
  for (const [field, max, tooLong] of longest) {
    // 李: one unit, three bytes; 😀: two units, four bytes
    for (const value of ["x".repeat(max), "李".repeat(max), "😀".repeat(max / 2)]) {
      assert.equal(code({ [field]: value }), "read", `${field} of ${value.length}`);
      assert.equal(code({ [field]: `${value}x` }), tooLong, `${field} of ${value.length + 1}`);
      assert.match(detail({ [field]: `${value}x` }), new RegExp(`^${field} has ${max + 1} characters`));
    }
  }
  const version = `1${"0".repeat(19)}`;
  for (const field of ["appMinVersion", "appMaxVersion"]) {
    assert.equal(code({ [field]: version }), "read");
    assert.equal(code({ [field]: `${version}0` }), "ARGS_ILLEGAL");
  }
  const binaryPayload = "A".repeat(4096);
  assert.equal(code({ payload: null, binaryPayload }), "read");
  assert.equal(code({ payload: null, binaryPayload: `${binaryPayload}AAAA` }), "PAYLOAD_LONG");
});

Deno.test("[PUSH-2] numbers may come as numbers or digit strings", () => {
  for (const validTimeEnd of [1_893_456_000_000, "1893456000000"]) {
    assert.deepEqual(checkPush({ ...VALID, validTimeEnd }, "single"), { ...READ, validTimeEnd: 1_893_456_000_000 });
  }
  const illegal = [1.5, -1, 1e21, 12_345_678_901_234, "12345678901234", "1e3", " 1", "0x10", "soon", true, {}, [1]];
  for (const validTimeEnd of illegal) {
    assert.equal(code({ validTimeEnd }), "ARGS_ILLEGAL", JSON.stringify(validTimeEnd));
  }
});

Deno.test("[PUSH-1] a wrong type, a control character or a lone surrogate is refused with the field named", () => {
  for (const field of ["bizType", "linkToken", "thirdMsgId", "payload", "osType", "appMinVersion", "appMaxVersion"]) {
    for (const value of [17, true, { a: 1 }, ["x"], "a\ud800", "\udc00"]) {
      assert.equal(code({ [field]: value }), "ARGS_ILLEGAL", `${field}: ${JSON.stringify(value)}`);
      assert.match(detail({ [field]: value }), new RegExp(`^${field} `));
    }
  }
  for (const field of ["bizType", "linkToken", "thirdMsgId", "osType"]) {
    for (const value of ["a\u0000", "a\n", "\u007f", "\u0085b"]) {
      assert.equal(code({ [field]: value }), "ARGS_ILLEGAL", `${field}: ${JSON.stringify(value)}`);
    }
  }
  for (const payload of ["\u0000", "a\nb\u007f\u0085", "\ufffe\uffff", "😀"]) assert.equal(code({ payload }), "read");
});

Deno.test("[PUSH-1] both payloads, bad base64, unreadable versions and an inverted range are refused", () => {
  assert.equal(code({ binaryPayload: "aGVsbG8=" }), "ARGS_ILLEGAL");
  assert.match(detail({ binaryPayload: "aGVsbG8=" }), /^binaryPayload .*payload/);
  for (const binaryPayload of ["aGVsbG8", "a", "aGVs bG8=", "aGVsbG8=\n", "====", "aGVsbG-_", "李李李李"]) {
    assert.equal(code({ payload: null, binaryPayload }), "ARGS_ILLEGAL", binaryPayload);
  }
  const binary = checkPush({ ...VALID, payload: "", binaryPayload: "aGVsbG8=" }, "single");
  assert.deepEqual(binary, { ...READ, payload: "aGVsbG8=", binary: true });
  for (const appMinVersion of ["v1", "1..2", "1.x", ".1", "1.", "-1"]) {
    assert.equal(code({ appMinVersion }), "ARGS_ILLEGAL", appMinVersion);
  }
  for (const appMinVersion of ["0", "1.2-beta", "0.0.0.0", "10a.3"]) assert.equal(code({ appMinVersion }), "read");
  assert.equal(code({ appMinVersion: "1.10", appMaxVersion: "1.9" }), "ARGS_ILLEGAL");
  assert.equal(code({ appMinVersion: "1.10.0", appMaxVersion: "1.10" }), "read");
});

Deno.test("[PUSH-1] what is not a JSON object is refused, however deep or large it is", () => {
  const bodies = [
    "",
    "null",
    "17",
    '"text"',
    "[]",
    "{",
    "{'a':1}",
    "\u0000",
    "[".repeat(30_000) + "]".repeat(30_000),
    "9".repeat(60_000),
  ];
  for (const body of bodies) {
    const answer = readPush(body, "single");
    assert.equal("success" in answer && answer.msg, "ARGS_ILLEGAL", body.slice(0, 20));
  }
  const deep = `{"thirdMsgId":"m-1","bizType":"UCHAT","linkToken":"u-1","payload":"p","x":${"[".repeat(20_000)}${
    "]".repeat(20_000)
  }}`;
  assert.deepEqual(readPush(deep, "single"), { ...READ, payload: "p" });
  // the last of two same names counts, as in every JSON reader
  assert.deepEqual(readPush(`{"payload":"a",${JSON.stringify(VALID).slice(1)}`, "single"), READ);
  const proto = readPush(`{"__proto__":{"payload":"x"},"thirdMsgId":"m","bizType":"B","linkToken":"u"}`, "single");
  assert.equal("success" in proto && proto.msg, "ARGS_IS_NULL");
});
