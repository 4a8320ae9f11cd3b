import fc from "fast-check";
import { BIZ, DEVICES, USERS } from "./fixture.ts";
import type { Hint } from "./pushes.ts";
import type { Filter } from "./state.ts";

/** Everything that can happen, as plain data: a failing run is printed so that it can be pasted into a test. */
export type Step =
  | { do: "connect"; device: number; foreground: boolean }
  | { do: "drop"; device: number }
  | { do: "upgrade"; device: number; os: string; version: number }
  | { do: "reinstall"; device: number }
  | { do: "deaf"; device: number }
  | { do: "login"; device: number; user: number }
  | { do: "logout"; device: number }
  | { do: "foreground"; device: number; on: boolean }
  | { do: "push"; biz: string; owner: number; filter: Filter; validMin: number | null; hint: Hint }
  | { do: "burst"; biz: string; device: number; what: "connect" | "drop" | "login"; pushes: number }
  | { do: "lie"; device: number; biz: string }
  | { do: "ack"; device: number; biz: string; how: "point" | "ids" | "quiet"; pick: number }
  | { do: "status"; biz: string; online: boolean }
  | { do: "threshold"; biz: string; threshold: number | null }
  | { do: "verdict"; user: number; valid: boolean }
  | { do: "wait"; seconds: number }
  | { do: "night"; hours: number }
  | { do: "restart" };

const device = fc.nat(DEVICES.length - 1);
const version = fc.integer({ min: 1, max: 3 });
const os = fc.constantFrom("android", "ios");
const filter: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.record({ os }) },
  { weight: 2, arbitrary: fc.record({ min: version }) },
  { weight: 1, arbitrary: fc.record({ max: version }) },
);
const hint = fc.constantFrom<Hint>("kept", "kept", "kept", "lost", "twice", "swapped");
const record = <T extends Step["do"]>(kind: T, rest: object) =>
  fc.record({ do: fc.constant(kind), ...rest }) as unknown as fc.Arbitrary<Step>;

/** Steps as often as they tell something; about a few configs only, so that much happens to each. */
const stepOf = (biz: fc.Arbitrary<string>): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 10, arbitrary: record("connect", { device, foreground: fc.boolean() }) },
    { weight: 4, arbitrary: record("drop", { device }) },
    { weight: 4, arbitrary: record("upgrade", { device, os, version }) },
    { weight: 1, arbitrary: record("reinstall", { device }) },
    { weight: 1, arbitrary: record("deaf", { device }) },
    { weight: 8, arbitrary: record("login", { device, user: fc.nat(USERS.length - 1) }) },
    { weight: 2, arbitrary: record("logout", { device }) },
    { weight: 4, arbitrary: record("foreground", { device, on: fc.boolean() }) },
    {
      weight: 30,
      arbitrary: record("push", {
        biz,
        owner: fc.constantFrom(0, 0, 0, 1, 2),
        filter,
        validMin: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.constantFrom(2, 45, 1_500)),
        hint,
      }),
    },
    {
      weight: 4,
      arbitrary: record("burst", {
        biz,
        device,
        what: fc.constantFrom("connect", "drop", "login"),
        pushes: fc.integer({ min: 1, max: 5 }),
      }),
    },
    { weight: 1, arbitrary: record("lie", { device, biz }) },
    {
      weight: 25,
      arbitrary: record("ack", { device, biz, how: fc.constantFrom("point", "ids", "quiet"), pick: fc.nat(255) }),
    },
    { weight: 4, arbitrary: record("status", { biz, online: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: record("threshold", { biz, threshold: fc.constantFrom(1, 2, 3, 5, null) }),
    },
    { weight: 2, arbitrary: record("verdict", { user: fc.nat(USERS.length - 1), valid: fc.boolean() }) },
    { weight: 5, arbitrary: record("wait", { seconds: fc.constantFrom(5, 15, 35, 100) }) },
    { weight: 1, arbitrary: record("night", { hours: fc.constantFrom(1, 25, 200, 750) }) },
    { weight: 1, arbitrary: record("restart", {}) },
  );

/** Every life begins with everybody connected and logged in. */
const START: Step[] = DEVICES.flatMap((_, at): Step[] => [
  { do: "login", device: at, user: at === 2 ? 1 : 0 },
  { do: "connect", device: at, foreground: true },
]);

/** A life of so many steps. */
export const life = (steps: number): fc.Arbitrary<Step[]> =>
  fc.subarray(BIZ, { minLength: 1, maxLength: 4 })
    .chain((some) => fc.array(stepOf(fc.constantFrom(...some)), { minLength: steps, maxLength: steps }))
    .map((rest) => [...START, ...rest]);

/** After a run: everything is online and valid, and every device comes with every user. */
export const FINAL: Step[] = [
  ...BIZ.map((one): Step => ({ do: "status", biz: one, online: true })),
  ...USERS.map((_, user): Step => ({ do: "verdict", user, valid: true })),
  ...DEVICES.flatMap((_, at): Step[] => [
    { do: "connect", device: at, foreground: true },
    ...USERS.map((_user, user): Step => ({ do: "login", device: at, user })),
    { do: "logout", device: at },
  ]),
];
