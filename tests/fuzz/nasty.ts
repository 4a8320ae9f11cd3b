/** What abusers put where something else is expected. */
import fc from "fast-check";

/** What every object inherits. */
export const INHERITED = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "__defineGetter__",
];

/** Names that mean something to JavaScript, SQL, paths, logs or terminals. */
export const NAMES = [
  ...INHERITED,
  "null",
  "undefined",
  "NaN",
  "",
  " ",
  ".",
  "..",
  "../../etc/passwd",
  "a/b",
  "a?b=c#d",
  "%",
  "%00",
  "%2e%2e%2f",
  "'; drop table op; --",
  "\\",
  "$1",
  "{}",
  "\u0000",
  "a\u0000b",
  "line\nbreak",
  "carriage\r\nreturn: yes",
  "\u001b[31mred",
  "\u009b31m",
  "\u2028\u2029",
  "\u202eabc",
  "\ufeff",
  "\ud800",
  "\udc00x",
  "a\ud83d",
  "😀",
  "e" + "\u0301".repeat(99),
  "\u0301".repeat(5_000),
  "x".repeat(100),
  "x".repeat(101),
  "李".repeat(101),
  "x".repeat(4_097),
];

/** Numbers at the edges of what is an id, a time, an int or a double. */
export const NUMBERS = [
  -1,
  -0,
  0,
  0.5,
  1,
  1.5,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  1e21,
  1e308,
  -1e308,
  5e-324,
  8.64e15 + 1,
  253_402_300_800_000,
];

/** JSON that no serializer writes, but that a reader has to stand. */
export const RAW_JSON = [
  "",
  "{",
  "null",
  "[]",
  "[[[[",
  '"\\ud800"',
  '{"type":"hello"',
  '{"type":"hello","type":"ack"}',
  '{"a":1e400}',
  '{"__proto__":{"type":"hello"},"constructor":{"prototype":{}}}',
  "9".repeat(5_000),
  "[".repeat(20_000) + "]".repeat(20_000),
  '{"a":'.repeat(5_000) + "1" + "}".repeat(5_000),
  `{"type":"ack","scope":"user","biz":"UCHAT","ids":[${"1,".repeat(20_000)}1]}`,
  '{"type":"ping","n":1}{"type":"ping","n":2}',
  "\u0000",
  "\ufeff{}",
  "// comment",
  "{'type':'ping'}",
];

export const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 120 }) },
);

export const number = fc.oneof(fc.constantFrom(...NUMBERS), fc.double(), fc.maxSafeInteger());

/** Any JSON value, wrong more often than not. */
export const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: name },
  { weight: 4, arbitrary: number },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false, [], {}, [[]], [null], { a: { b: {} } }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3_000 }).map(deep) },
);

function deep(levels: number): unknown {
  let nested: unknown = 1;
  for (let n = 0; n < levels; n++) nested = n % 2 === 0 ? [nested] : { a: nested };
  return nested;
}

/** An object with some fields replaced, some left out, and some that nobody asked for. */
export function spoiled(base: fc.Arbitrary<Record<string, unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const change = fc.record({
    at: fc.nat(20),
    kind: fc.constantFrom("replace", "replace", "remove", "add"),
    key: fc.oneof(fc.constantFrom(...NAMES.slice(0, 6)), fc.string({ maxLength: 10 })),
    value,
  });
  return fc.tuple(base, fc.array(change, { minLength: 1, maxLength: 3 })).map(([object, changes]) => {
    const result: Record<string, unknown> = { ...object };
    for (const { at, kind, key, value } of changes) {
      const keys = Object.keys(result);
      const chosen = keys[at % Math.max(1, keys.length)] ?? key;
      if (kind === "remove") delete result[chosen];
      else {
        Object.defineProperty(result, kind === "add" ? key : chosen, {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
    }
    return result;
  });
}
