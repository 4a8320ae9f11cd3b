/** What a run consists of, all of it following from the seed: kinds of streams, who has which phone, what is pushed. */
import { seeded } from "../support/seeded.ts";

/** A sync config of the run. */
export type Kind = {
  readonly bizType: string;
  readonly scope: "single" | "global";
  readonly target: "user" | "device";
  readonly multiDevice: boolean;
  readonly persistent: boolean;
  readonly threshold: number | null;
  /** How many of 1,000 pushes are of this kind. */
  readonly share: number;
};

const kind = (bizType: string, share: number, fields: Partial<Kind> = {}): Kind => ({
  bizType,
  scope: "single",
  target: "user",
  multiDevice: true,
  persistent: true,
  threshold: null,
  share,
  ...fields,
});

export const KINDS: readonly Kind[] = [
  kind("T-CHAT", 500),
  kind("T-ONCE", 120, { multiDevice: false }),
  kind("T-DEVICE", 200, { target: "device" }),
  kind("T-NEWEST", 120, { threshold: 25 }),
  kind("T-TICK", 52, { persistent: false }),
  kind("T-ALL", 4, { scope: "global", target: "device" }),
  kind("T-USERS", 4, { scope: "global" }),
];

export const KIND: ReadonlyMap<string, Kind> = new Map(KINDS.map((one) => [one.bizType, one]));

/** Whom a push is for beside its owner (FLT). */
export type Filter = { readonly os?: string; readonly min?: string; readonly max?: string };

/** What a phone says of itself. Versions of a run are whole numbers with a tail: `1.4`. */
export type About = { readonly os: string; readonly version: string };

export type PhonePlan = {
  readonly name: string;
  readonly on: "sdk" | "bare";
  readonly about: About;
  /** Two users who have this phone by turns. */
  readonly users: readonly [string, string];
};

export type PushPlan = {
  readonly index: number;
  readonly kind: Kind;
  /** User, device, or "" for everybody. */
  readonly owner: string;
  readonly filter: Filter | null;
  /** How long it is valid, ms; null: as long as the config keeps it. */
  readonly ttl: number | null;
  /** What is done beside posting it: the socket is cut before the answer, it is posted twice at once, or once more. */
  readonly trick: "cut" | "twice" | "again" | null;
};

export type Plan = {
  readonly seed: number;
  readonly pushes: number;
  readonly phones: readonly PhonePlan[];
  readonly users: readonly string[];
  readonly push: (index: number) => PushPlan;
};

const PUSHES_PER_USER = 500;
const USERS_MAX = 40;

export function planOf(seed: number, pushes: number): Plan {
  const count = Math.min(USERS_MAX, Math.max(6, Math.round(pushes / PUSHES_PER_USER)));
  const users = Array.from({ length: count }, (_, n) => `user-${n}`);
  const phones = Array.from({ length: 2 * count }, (_, n): PhonePlan => ({
    name: `phone-${n}`,
    // each user has one of both
    on: (n + Math.floor(n / count)) % 2 === 0 ? "sdk" : "bare",
    about: { os: n % 3 === 0 ? "ios" : "android", version: "1.4" },
    users: [users[n % count]!, users[(n * 5 + 3) % count]!],
  }));
  return { seed, pushes, phones, users, push: (index) => planPush({ seed, users, phones }, index) };
}

/** The version that phones are upgraded to. */
export const UPGRADED = "2.1";

const FILTERS: readonly Filter[] = [
  { os: "iOS" },
  { os: "Android" },
  { min: "2" },
  { max: "1.9.9" },
  { os: "android", min: "1.2", max: "3" },
  // nobody
  { min: "9.0" },
];

function planPush({ seed, users, phones }: Pick<Plan, "seed" | "users" | "phones">, index: number): PushPlan {
  const random = chance(seed, index);
  const kind = kindAt(random() * 1000);
  const owners = kind.target === "user" ? users : phones.map((phone) => phone.name);
  const owner = kind.scope === "global" ? "" : owners[Math.floor(random() * owners.length)]!;
  const filter = random() < 0.12 ? FILTERS[Math.floor(random() * FILTERS.length)]! : null;
  const ttl = random() < 0.05 ? Math.floor(400 + random() * 5000) : null;
  const fate = random();
  const trick = fate < 0.02 ? "cut" : !kind.persistent ? null : fate < 0.03 ? "twice" : fate < 0.06 ? "again" : null;
  return { index, kind, owner, filter, ttl, trick };
}

function kindAt(place: number): Kind {
  for (const kind of KINDS) if ((place -= kind.share) < 0) return kind;
  return KINDS[0]!;
}

/** A source of numbers for each push, so that any can be made out without those before it. */
const chance = (seed: number, index: number) => seeded(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + index * 7919);

/** What a push carries: most are short, some nearly as long as may be, a tenth is binary. */
export function payloadOf({ seed }: { seed: number }, index: number): { pl: string; isB: boolean } {
  const random = chance(seed + 1, index);
  const size = random();
  const length = Math.floor(random() * (size < 0.9 ? 60 : size < 0.99 ? 800 : 2900));
  const text = `${index}:${"x".repeat(length)}`;
  return random() < 0.1 ? { pl: btoa(text), isB: true } : { pl: text, isB: false };
}

export const midOf = (index: number): string => `m-${index}`;

/** @returns NaN for a thirdMsgId that no publisher of the run made */
export const indexOf = (mid: string): number => mid.startsWith("m-") ? Number(mid.slice(2)) : NaN;

/** Whether an op with this filter is for a phone that says this of itself (FLT-1, FLT-2). */
export function matches(filter: Filter | null, about: About): boolean {
  if (!filter) return true;
  if (filter.os !== undefined && filter.os.toLowerCase() !== about.os.toLowerCase()) return false;
  if (filter.min !== undefined && compareVersions(about.version, filter.min) < 0) return false;
  return filter.max === undefined || compareVersions(about.version, filter.max) <= 0;
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let n = 0; n < 4; n++) {
    const difference = (left?.[n] ?? 0) - (right?.[n] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether an app keeps a message to itself for good, so that the server has to give it up (DLV-6). */
export const isWithheld = (index: number, phone: string): boolean =>
  (index * 31 + phone.length * 7 + phone.charCodeAt(phone.length - 1)) % 61 === 0;
