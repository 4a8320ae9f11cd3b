/** Scripts of frames for one connection: what is said before a hello, and after one. */
import fc from "fast-check";
import { name, number, RAW_JSON, spoiled, value } from "./nasty.ts";
import { text, type WireFrame } from "./wire.ts";

/** What one connection says; `greets` first says an honest hello, and `waits` for the welcome. */
export type Script = { greets: Record<string, unknown> | null; waits: boolean; frames: WireFrame[] };

/** Users and devices whose streams the fuzzer shares with itself. */
export const DEVICES = ["fuzz-1", "fuzz-2", "fuzz-3", "__proto__", "constructor", "toString", "d/1", "李", "e\u0301"];
export const USERS = ["fu-1", "fu-2", "__proto__", "constructor", "hasOwnProperty", "u'--", "😀"];

const BIZ = ["UCHAT", "TRADE-RESULT", "DEVICE-LOCK", "GLOBAL-SDK-CONFIG", "NO-SUCH", "__proto__", "constructor"];
const SCOPES = ["user", "device", "global", "globalUser"];

const biz = fc.constantFrom(...BIZ);
const scope = fc.constantFrom(...SCOPES);
const id = fc.oneof(fc.nat(30), fc.constantFrom(0, 1, 2, 2 ** 53 - 1, 2 ** 40));
const points = fc.array(fc.tuple(scope, biz, id), { maxLength: 6 });
const userId = fc.constantFrom(...USERS);
const sessionId = fc.constantFrom("s-1", "s-2", "__proto__");
const sign = fc.record({
  timestamp: id,
  nonce: fc.string({ minLength: 1, maxLength: 20 }),
  signature: fc.constant("ab"),
});

const hello = fc.record({
  type: fc.constant("hello"),
  protocol: fc.constant(1),
  seq: fc.nat(),
  instanceId: fc.constant("default_demo"),
  deviceId: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...DEVICES) },
    { weight: 4, arbitrary: fc.nat(500).map((n) => `fuzz-${n}`) },
  ),
  os: fc.constantFrom("ios", "android", "toString"),
  appVersion: fc.constantFrom("1.2.0", "9", "not a version", "1." + "0".repeat(90)),
  foreground: fc.boolean(),
  epoch: fc.constantFrom("unknown", "__proto__"),
  points,
  user: fc.record({ userId, sessionId, points }),
  sign,
}, { requiredKeys: ["type", "protocol", "seq", "instanceId", "deviceId"] });

/** Honest frames, and acks that may be forged. */
const honest: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("ack"),
      scope,
      biz,
      id,
      ids: fc.array(id, { maxLength: 30 }),
    }, { requiredKeys: ["type", "scope", "biz", "id"] }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("ping", "pong"), n: fc.maxSafeInteger() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("foreground", "background") }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("bind"), n: fc.integer(), userId, sessionId, points, sign }, {
      requiredKeys: ["type", "n", "userId", "sessionId"],
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("unbind"), n: fc.integer() }) },
);

const ofAny: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  honest,
  hello,
  fc.record({ type: name, scope: value, biz: value, id: number, ids: value, n: value, points: value }),
);

const json = (object: fc.Arbitrary<unknown>) => object.map((frame) => text(JSON.stringify(frame) ?? "undefined"));
const bytes = fc.uint8Array({ maxLength: 200 });

/** What ends a connection, as a rule. */
const wrong: fc.Arbitrary<WireFrame> = fc.oneof(
  { weight: 8, arbitrary: json(spoiled(ofAny)) },
  { weight: 2, arbitrary: json(value) },
  { weight: 2, arbitrary: fc.constantFrom(...RAW_JSON).map(text) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }).map(text) },
  { weight: 2, arbitrary: bytes.map((payload) => ({ opcode: 1, payload })) },
  { weight: 1, arbitrary: bytes.map((payload) => ({ opcode: 2, payload })) },
  // continuations out of nowhere, reserved opcodes, unmasked frames, control frames that are cut in parts
  { weight: 1, arbitrary: fc.record({ opcode: fc.nat(15), fin: fc.boolean(), payload: bytes, masked: fc.boolean() }) },
);

const large = fc.constantFrom(65_000, 65_537, 70_000, 262_144, 300_000).map((size) =>
  text(`{"type":"ping","n":1,"pad":"${"x".repeat(size - 32)}"}`)
);
const control = fc.record({
  opcode: fc.constantFrom(9, 10),
  payload: fc.uint8Array({ maxLength: 125 }),
});

/** Fields that nobody asked for are ignored, whatever they are. */
const decorated = fc.tuple(honest, name, value).map(([frame, key, extra]) => {
  const known = Object.hasOwn(frame, key) || ["id", "ids", "points", "sign"].includes(key);
  return Object.defineProperty({ ...frame }, known ? `x-${key}` : key, { value: extra, enumerable: true });
});

const chatter = fc.oneof({ weight: 15, arbitrary: json(honest) }, { weight: 5, arbitrary: json(decorated) }, {
  weight: 1,
  arbitrary: control,
});

/** Talks long and then says something wrong, or says it at once. */
export const script: fc.Arbitrary<Script> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      greets: fc.constant(null),
      waits: fc.constant(false),
      frames: fc.array(
        fc.oneof({ weight: 30, arbitrary: wrong }, { weight: 3, arbitrary: json(hello) }, {
          weight: 1,
          arbitrary: large,
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      greets: hello,
      waits: fc.boolean(),
      frames: fc.tuple(
        fc.array(chatter, { minLength: 1, maxLength: 40, size: "max" }),
        fc.array(fc.oneof({ weight: 30, arbitrary: wrong }, { weight: 1, arbitrary: large }), { maxLength: 3 }),
      ).map(([talk, last]) => [...talk, ...last]),
    }),
  },
);
