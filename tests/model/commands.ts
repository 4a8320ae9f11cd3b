import fc from "fast-check";
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import { BIZ, CONFIGS, DEVICES, scopesOf, USERS } from "./fixture.ts";
import type { Filter } from "./model.ts";
import type { Phone } from "./phone.ts";
import type { Hint, World } from "./world.ts";

/** Everything that can happen, as plain data: a failing run is printed so that it can be pasted into a test. */
export type Step =
  | { do: "connect"; device: number; foreground: boolean }
  | { do: "drop"; device: number }
  | { do: "upgrade"; device: number; os: string; version: number }
  | { do: "reinstall"; device: number }
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

const ACTOR = { operator: "model", at: 1_732_000_000_000 };

/** Performs one step on server and model, and compares them. */
export async function perform(world: World, step: Step): Promise<void> {
  await world.dodge();
  await act(world, step);
  await world.compare(JSON.stringify(step));
}

async function act(world: World, step: Step): Promise<void> {
  switch (step.do) {
    case "connect":
      return await connect(world, world.phones[step.device]!, step.foreground);
    case "drop":
      return await world.drop(world.phones[step.device]!);
    case "upgrade":
    case "reinstall": {
      const phone = world.phones[step.device]!;
      await world.drop(phone);
      await world.compare(`before ${JSON.stringify(step)}`);
      if (step.do === "upgrade") phone.client = { os: step.os, version: step.version };
      else phone.reinstall();
      return await connect(world, phone, true);
    }
    case "login":
      return await login(world, world.phones[step.device]!, USERS[step.user]!);
    case "logout": {
      const phone = world.phones[step.device]!, session = world.session(phone);
      if (!session || phone.user === null) return void (phone.user = null);
      await phone.unbind();
      return world.model.unbind(session);
    }
    case "foreground": {
      const phone = world.phones[step.device]!, session = world.session(phone);
      phone.socket?.send({ type: step.on ? "foreground" : "background" });
      return session && world.model.setForeground(session, step.on);
    }
    case "push": {
      const { target } = world.model.configs.get(step.biz)!;
      const owner = target === "user" ? USERS[step.owner % USERS.length]! : DEVICES[step.owner % DEVICES.length]!;
      const validMs = step.validMin === null ? null : step.validMin * 60_000;
      // which of two is first is chance: with a threshold it decides what is dropped
      const chance = step.hint === "swapped" && CONFIGS[step.biz]!.threshold !== null;
      return await world.push(step.biz, owner, step.filter, validMs, chance ? "kept" : step.hint);
    }
    case "burst":
      return await burst(world, step);
    case "lie": {
      // an acknowledgement of what was never sent: ignored (PT-1)
      const phone = world.phones[step.device]!, lane = world.session(phone)?.lanes.get(step.biz);
      if (!lane) return;
      const never = world.model.head(step.biz, lane.owner) + 7;
      phone.ack(step.biz, { id: never });
      return phone.ack(step.biz, { ids: [never, never + 1] });
    }
    case "ack":
      return ack(world, world.phones[step.device]!, step.biz, step.how, step.pick);
    case "status":
    case "threshold":
      return await change(world, step);
    case "verdict":
      world.model.tenant.set(USERS[step.user]!, step.valid);
      return world.bench.tenant.says(USERS[step.user]!, step.valid ? "valid" : "invalid");
    case "wait":
      return await world.wait(step.seconds);
    case "night":
      return await world.night(step.hours);
    case "restart":
      for (const phone of world.phones) world.model.end(phone.id);
      await Promise.all([world.bench.server.restart(), ...world.phones.map((phone) => phone.socket?.close())]);
      for (const phone of world.phones) await phone.drop();
  }
}

/**
 * A session that holds single-device ops for a verdict, and comes anew: whether the tenant answers before they have gone
 * to another session is chance, and both are right. So it leaves first.
 */
const isChance = (world: World, phone: Phone) =>
  [...world.session(phone)?.lanes.values() ?? []].some(({ biz, open }) =>
    CONFIGS[biz]!.consistency && !CONFIGS[biz]!.multiDevice && open.size > 0
  );

async function connect(world: World, phone: Phone, foreground: boolean): Promise<void> {
  if (isChance(world, phone)) {
    await world.drop(phone);
    await world.compare("left before it connects");
  }
  await phone.connect(world.bench.server, world.instanceId, foreground, scopesOf);
  const session = world.model.connect(phone.id, phone.client, foreground, phone.points("device"));
  if (phone.user !== null) world.model.bind(session, phone.user, phone.points("user"));
}

async function login(world: World, phone: Phone, user: string): Promise<void> {
  const session = world.session(phone);
  if (!session) return void (phone.user = user);
  if (isChance(world, phone)) {
    await phone.unbind();
    world.model.unbind(session);
    await world.compare("unbound before it binds");
  }
  await phone.bind(user);
  world.model.bind(session, user, phone.points("user"));
}

/** Pushes while a device comes, goes or changes its user: what it should get does not depend on what is first. */
async function burst(world: World, { biz, device, what, pushes }: Extract<Step, { do: "burst" }>): Promise<void> {
  const { scope, target, multiDevice, persistent, threshold, consistency } = CONFIGS[biz]!;
  if (scope === "global" || !multiDevice || !persistent || threshold !== null || consistency) return;
  const phone = world.phones[device]!;
  const owner = target === "user" ? USERS[0]! : phone.id;
  const pushed = world.pushMany(biz, owner, pushes);
  if (what === "connect") await connect(world, phone, true);
  else if (what === "drop") await world.drop(phone);
  else await login(world, phone, USERS[0]!);
  await pushed();
}

/** The app reports some of what it has received; `quiet`: the acknowledgement is lost on the way. */
function ack(world: World, phone: Phone, biz: string, how: "point" | "ids" | "quiet", pick: number): void {
  const lane = world.session(phone)?.lanes.get(biz);
  if (!lane || !phone.socket) return;
  const stream = phone.stream(biz, CONFIGS[biz]!.target);
  const waiting = [...stream.waiting].sort((a, b) => a - b);
  const late = [...stream.late];
  const chosen = how === "ids" ? waiting.filter((_, index) => (pick >> index % 8) & 1) : waiting.slice(0, 1 + pick % 4);
  for (const id of [...chosen, ...late]) stream.reported.add(id);
  for (const id of chosen) stream.waiting.delete(id);
  stream.late.clear();
  if (how === "quiet") return;
  const ids = how === "ids" ? [...chosen, ...late] : late;
  if (ids.length > 0) {
    phone.ack(biz, { ids });
    world.acked(lane, { ids });
  }
  if (how === "point") {
    phone.ack(biz, { id: stream.point });
    world.acked(lane, { upTo: stream.point });
  }
}

async function change(world: World, step: Extract<Step, { do: "status" | "threshold" }>): Promise<void> {
  const { sql, catalog } = world.services;
  const key = { instanceNo: world.instanceNo, bizType: step.biz };
  const config = world.model.configs.get(step.biz)!;
  if (step.do === "status") {
    await postgresCatalog(sql).setConfigStatus(ACTOR, key, step.online ? "online" : "offline");
    config.online = step.online;
  } else {
    if (CONFIGS[step.biz]!.threshold === null) return;
    // what a higher threshold finds depends on what was dropped before
    await world.compareLog();
    await postgresCatalog(sql).changeConfig(ACTOR, key, { threshold: step.threshold }, () => {});
    config.threshold = step.threshold;
  }
  await catalog.refresh();
  if (step.do === "threshold") {
    world.model.settle();
    await world.compareLog();
  }
}

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
    { weight: 5, arbitrary: record("wait", { seconds: fc.constantFrom(5, 15, 35, 80) }) },
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

/** Runs steps in a fresh world, then the final ones; at the end the log agrees as well. */
export async function run(world: World, steps: Iterable<Step>): Promise<void> {
  try {
    for (const step of steps) await perform(world, step);
    for (const step of FINAL) await perform(world, step);
    await world.compareLog();
  } finally {
    for (const phone of world.phones) await phone.drop();
  }
}
