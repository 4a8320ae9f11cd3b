/** Requests to every route of the server: the right ones, spoiled ones, and what no client would send. */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { ACCESS } from "../../src/routes/admin/access.ts";
import { name, RAW_JSON, spoiled, value } from "./nasty.ts";

export type FuzzRequest = { method: string; path: string; headers: Record<string, string>; body: BodyInit | null };

/** The instance that may be turned upside down. */
export const VICTIM = "fuzz_app";
const BIZ = ["UCHAT", "FUZZ-1", "FUZZ-2", "FUZZ-3", "__proto__", "constructor", "toString", "a".repeat(30)];

const pick = <T>(...values: T[]) => fc.constantFrom(...values);
const biz = pick(...BIZ);
const id = pick("u-1", "fu-1", "fuzz-1", "__proto__", "constructor", "李", "u'--");

const push: fc.Arbitrary<Record<string, unknown>> = fc.record({
  bizType: biz,
  linkToken: id,
  thirdMsgId: fc.oneof(fc.uuid(), pick("m-1", "__proto__", "constructor")),
  payload: fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), pick("hello", "\u0000", "x".repeat(4_096))),
  osType: pick("iOS", "Android", "toString"),
  appMinVersion: pick("1", "1.2.3", "0"),
  appMaxVersion: pick("9", "9.9.9"),
  validTimeEnd: pick<unknown>(4_102_444_800_000, "4102444800000"),
}, { requiredKeys: ["bizType", "linkToken", "thirdMsgId", "payload"] });

/** What each changing route of the admin API expects, so that some bodies get past its schema. */
const BODIES: Record<string, fc.Arbitrary<Record<string, unknown>>> = {
  "POST /api/session": fc.record({ login: pick("admin", "nobody", "__proto__"), password: pick("wrong", "") }),
  "POST /api/session/password": fc.record({ current: pick("x"), next: pick("a long new password") }),
  "POST /api/operators": fc.record({ login: pick("op-1", "op-2", "__proto__"), role: pick("viewer", "operator") }),
  "PATCH /api/operators/:id": fc.record({ role: pick("viewer", "admin"), disabled: fc.boolean() }, {
    requiredKeys: [],
  }),
  "POST /api/instances": fc.record({
    workspaceId: pick("fuzz", "w", "constructor"),
    appId: pick("app", "a2", "__proto__"),
    name: pick("Fuzz", "李", "\u202e"),
  }),
  "PATCH /api/instances/:instanceId": fc.record({
    name: pick("Fuzz", "x".repeat(100)),
    signature: fc.boolean(),
    sessionValidateUrl: pick(
      null,
      "http://127.0.0.1:1/",
      "http://[::1]:1/x?y#z",
      "javascript:alert(1)",
      "http://a:b@c/",
    ),
  }, { requiredKeys: [] }),
  "POST /api/instances/:instanceId/secrets": fc.record({ kind: pick("server", "app") }),
  "POST /api/instances/:instanceId/validation-trial": fc.record({
    userId: id,
    sessionId: id,
    url: pick("http://127.0.0.1:1/", "http://127.0.0.1:1/\r\nX: y", "file:///etc/passwd"),
  }),
  "POST /api/instances/:instanceId/configs": fc.record({
    bizType: biz,
    description: pick("d", "\u202e", "x".repeat(500)),
    scope: pick("single", "global"),
    target: pick("user", "device"),
    multiDevice: fc.boolean(),
    persistent: fc.boolean(),
    retentionDays: pick(1, 30),
    threshold: pick(null, 1, 1000),
    consistency: fc.boolean(),
  }, { requiredKeys: ["bizType", "description", "scope", "target"] }),
  "PATCH /api/instances/:instanceId/configs/:bizType": fc.record({
    description: pick("d"),
    persistent: fc.boolean(),
    retentionDays: pick(1, 7),
    threshold: pick(null, 1, 5),
    consistency: fc.boolean(),
  }, { requiredKeys: [] }),
  "POST /api/instances/:instanceId/pushes": push,
};

const QUERY = [
  "cursor limit from to userId deviceId bizType state thirdMsgId owner q status operator action platform reason",
  "instanceId __proto__ constructor",
].join(" ").split(" ");

const cursor = fc.oneof(
  value,
  fc.record({ at: value, id: value, left: value, from: value }, { requiredKeys: ["at", "id", "left"] }),
  fc.record({ at: value, config: value, owner: value, id: value, subject: value, device: value }),
  fc.record({ day: name, bizType: name }),
).map((position) => Buffer.from(JSON.stringify(position) ?? "").toString("base64url"));

const queryValue = fc.oneof(
  { weight: 1, arbitrary: pick("\u0000", "a\u0000b", "\ud800", "'", "\\", "%", "_") },
  { weight: 3, arbitrary: value.map((given) => typeof given === "string" ? given : JSON.stringify(given) ?? "") },
  { weight: 2, arbitrary: cursor },
  {
    weight: 3,
    arbitrary: pick(
      "1",
      "1000",
      "2025-01-31",
      "0",
      "pending",
      "arrived",
      "online",
      "IOS",
      "retries",
      "user",
      "9".repeat(15),
    ),
  },
);

/** Escaped where it must be, and sometimes not at all. */
const escaped = (given: string) => {
  const once = encodeURIComponent(given.toWellFormed());
  return once.length % 7 === 3 ? once.replace(/%25/g, "%") : once;
};

const query = fc.array(fc.tuple(pick(...QUERY), queryValue), { maxLength: 4 }).map((pairs) =>
  pairs.length === 0 ? "" : `?${pairs.map(([key, given]) => `${key}=${escaped(given.slice(0, 1_000))}`).join("&")}`
);

const payload = (base: fc.Arbitrary<Record<string, unknown>>): fc.Arbitrary<BodyInit> =>
  fc.oneof(
    { weight: 4, arbitrary: base.map((body) => JSON.stringify(body)) },
    { weight: 8, arbitrary: spoiled(base).map((body) => JSON.stringify(body)) },
    { weight: 2, arbitrary: value.map((body) => JSON.stringify(body) ?? "") },
    { weight: 1, arbitrary: pick(...RAW_JSON) },
    { weight: 4, arbitrary: fc.tuple(base, pick(...RAW_JSON)).map(([body, raw]) => `{"x":${raw},${inner(body)}}`) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)) },
    { weight: 1, arbitrary: pick(65_536, 65_537, 200_000).map((size) => "x".repeat(size)) },
  );

const inner = (body: Record<string, unknown>) => JSON.stringify(body).slice(1, -1) || '"y":1';

const headers = fc.record({
  "Content-Type": pick("application/json", "text/plain", "application/json; charset=latin1", "multipart/form-data"),
  "Content-Encoding": pick("UTF-8", "gzip"),
  "X-Sync-Timestamp": pick("0", "-1", "9".repeat(15), "9".repeat(40), "x"),
  "X-Sync-Nonce": pick("n", "x".repeat(200), "'"),
  "X-Sync-Signature": pick("00", "x".repeat(300)),
  Origin: pick("null", "http://evil.example", "::"),
  Cookie: pick("syncline_session=x", "syncline_session=", "__proto__=1", "a=b; syncline_session=\u00ff"),
}, { requiredKeys: [] });

const pushRequest: fc.Arbitrary<FuzzRequest> = fc.record({
  method: fc.oneof({ weight: 20, arbitrary: pick("POST") }, { weight: 1, arbitrary: pick("PUT", "DELETE", "OPTIONS") }),
  path: fc.tuple(
    pick("/webapi/sync/single", "/webapi/sync/global", "/webapi-sync/single"),
    fc.oneof(
      { weight: 8, arbitrary: pick("?instanceId=default_demo", `?instanceId=${VICTIM}`) },
      { weight: 1, arbitrary: name.map((given) => `?instanceId=${escaped(given)}`) },
      { weight: 1, arbitrary: query },
    ),
  ).map(([path, search]) => path + search),
  headers,
  body: payload(push),
});

/** Logins and passwords are hashed for a tenth of a second each: there are few of them. */
const SLOW = /^POST \/api\/(session$|session\/password|operators)/;
const routes = Object.keys(ACCESS).flatMap((route) => SLOW.test(route) ? [route] : Array<string>(40).fill(route));

const param = fc.oneof(
  { weight: 1, arbitrary: name },
  { weight: 1, arbitrary: pick("1", "-1", "2147483648", "9".repeat(20), "1e3", "0x10", "1.5") },
  { weight: 2, arbitrary: biz },
  { weight: 1, arbitrary: id },
);
const instance = fc.oneof({ weight: 12, arbitrary: fc.constant(VICTIM) }, { weight: 1, arbitrary: name });

const adminRequest: fc.Arbitrary<FuzzRequest> = pick(...routes).chain((route) => {
  const [method = "GET", pattern = "/"] = route.split(" ");
  const known = BODIES[route];
  return fc.record({
    params: fc.tuple(instance, param, param),
    query: method === "GET"
      ? query
      : fc.oneof({ weight: 5, arbitrary: fc.constant("") }, { weight: 1, arbitrary: query }),
    headers: fc.tuple(headers, pick("Bearer", "Bearer", "Bearer", "Bearer", "none", "wrong")),
    body: method === "GET" ? fc.constant(null) : payload(known ?? fc.constant({})),
  }).map(({ params: [first, ...others], query, headers: [given, login], body }) => {
    let n = 0;
    const filled = pattern.replace(/:(\w+)/g, (_, key) => escaped(key === "instanceId" ? first : others[n++] ?? ""));
    const type: Record<string, string> = body === null ? {} : { "Content-Type": "application/json" };
    const rest = login === "none" ? given : { ...type, Authorization: login };
    return { method, path: filled + query, headers: rest, body };
  });
});

const strange: fc.Arbitrary<FuzzRequest> = fc.record({
  method: pick("GET", "POST", "HEAD", "OPTIONS", "PATCH"),
  path: fc.oneof(
    pick("/", "/sync", "/healthz", "/readyz", "/openapi.json", "/console", "/console/../x", "/api", "/api/", "//"),
    name.map((given) => `/${escaped(given)}`),
    name.map((given) => `/console/${escaped(given)}`),
    name.map((given) => `/api/instances/${escaped(given)}`),
  ),
  headers: fc.tuple(headers, fc.record({ "Sec-WebSocket-Key": pick("x"), Accept: name }, { requiredKeys: [] }))
    .map(([given]) => given),
  body: fc.constant(null),
});

/** One request, whichever. */
export const request: fc.Arbitrary<FuzzRequest> = fc.oneof(
  { weight: 8, arbitrary: pushRequest },
  { weight: 12, arbitrary: adminRequest },
  { weight: 1, arbitrary: strange },
);
