import assert from "node:assert/strict";
import { frameText, restText, sign } from "../../src/canonical.ts";

// The signatures were made with openssl 3: printf … | openssl dgst -sha256 -hmac SECRET -r
const REST = {
  method: "POST",
  pathAndQuery: "/webapi/sync/single?instanceId=sit_app",
  timestamp: "1732000000000",
  nonce: "nonce-1",
  body: new TextEncoder().encode(`{"bizType":"UCHAT","payload":"李四"}`),
};
const FRAME = { instanceId: "sit_app", deviceId: "d-1", timestamp: 1732000000000 };

Deno.test("[SIG-2] a REST signature is the one openssl makes, with a secret beyond ASCII", () => {
  assert.equal(sign("geheim-密钥", restText(REST)), "444b6b4f93ee0a9f0d7f50d3b3a8257ea257352d542855263898141af2cd1498");
});

Deno.test("[SIG-2] an empty body is signed by its hash too", () => {
  const text = restText({
    ...REST,
    pathAndQuery: "/webapi/sync/global?instanceId=sit_app",
    nonce: "n",
    body: new Uint8Array(),
  });
  assert.equal(sign("geheim-密钥", text), "121471887e4f53a580830e7c44eeafc6e233be430895411307f1b14cc80b5dd9");
});

Deno.test("[SIG-2] a hello and a bind are signed as openssl signs them, absent = empty", () => {
  const cases = [
    [
      { kind: "hello", userId: "u-1", sessionId: "s-1", nonce: "nonce-2" },
      "240cce0eaeb3be4ca228beab553b065dbcededfea74105a9951e84c25b621016",
    ],
    [{ kind: "hello", nonce: "nonce-3" }, "dc4038ac755bb99f70421664313e2670941735d38c84864403ac57482bd14275"],
    [
      { kind: "bind", userId: "u-2", sessionId: "s-2", nonce: "nonce-4" },
      "8431c35b8713059f5089f0d20551223e7a535bfd660089e21bc823eb83ce70b1",
    ],
  ] as const;
  for (const [frame, expected] of cases) assert.equal(sign("app-secret", frameText({ ...FRAME, ...frame })), expected);
});

Deno.test("[SIG-2] every part of a request changes its signed text", () => {
  const texts = new Set([
    restText(REST),
    restText({ ...REST, method: "PUT" }),
    restText({ ...REST, pathAndQuery: "/webapi/sync/global?instanceId=sit_app" }),
    restText({ ...REST, timestamp: "1732000000001" }),
    restText({ ...REST, nonce: "nonce-2" }),
    restText({ ...REST, body: new Uint8Array([0]) }),
  ]);
  assert.equal(texts.size, 6);
});
