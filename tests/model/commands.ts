import { postgresCatalog } from "../../db/catalog_postgres.ts";
import { CONFIGS, DEVICES, scopesOf, USERS } from "./fixture.ts";
import type { Phone } from "./phone.ts";
import { FINAL, type Step } from "./steps.ts";
import type { World } from "./world.ts";

const ACTOR = { operator: "model", at: 1_732_000_000_000 };

/** Performs one step on server and model, and compares them. */
export async function perform(world: World, step: Step): Promise<void> {
  await world.dodge();
  await act(world, step);
  await world.judge.compare(JSON.stringify(step));
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
      await world.judge.compare(`before ${JSON.stringify(step)}`);
      if (step.do === "upgrade") phone.client = { os: step.os, version: step.version };
      else phone.reinstall();
      return await connect(world, phone, true);
    }
    case "deaf":
      return await world.deafen(world.phones[step.device]!);
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
      return await world.pushes.one(step.biz, owner, step.filter, validMs, chance ? "kept" : step.hint);
    }
    case "burst":
      return await burst(world, step);
    case "lie": {
      // an acknowledgement of what was never sent: ignored (PT-1)
      const phone = world.phones[step.device]!, lane = world.session(phone)?.lanes.get(step.biz);
      if (!lane) return;
      const never = world.model.log.head(step.biz, lane.owner) + 7;
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

async function leaveFirst(world: World, phone: Phone): Promise<void> {
  if (!isChance(world, phone)) return;
  await world.drop(phone);
  await world.judge.compare("left before it connects");
}

async function unbindFirst(world: World, phone: Phone): Promise<void> {
  const session = world.session(phone);
  if (!session || !isChance(world, phone)) return;
  await phone.unbind();
  world.model.unbind(session);
  await world.judge.compare("unbound before it binds");
}

async function connect(world: World, phone: Phone, foreground: boolean): Promise<void> {
  await leaveFirst(world, phone);
  await phone.connect(world.bench.server, world.instanceId, foreground, scopesOf);
  const session = world.model.connect(phone.id, phone.client, foreground, phone.points("device"));
  if (phone.user !== null) world.model.bind(session, phone.user, phone.points("user"));
}

async function login(world: World, phone: Phone, user: string): Promise<void> {
  const session = world.session(phone);
  if (!session) return void (phone.user = user);
  await unbindFirst(world, phone);
  await phone.bind(user);
  await world.opened(phone);
  world.model.bind(session, user, phone.points("user"));
}

/** Pushes while a device comes, goes or changes its user: what it should get does not depend on what is first. */
async function burst(world: World, { biz, device, what, pushes }: Extract<Step, { do: "burst" }>): Promise<void> {
  const { scope, target, multiDevice, persistent, threshold, consistency } = CONFIGS[biz]!;
  if (scope === "global" || !multiDevice || !persistent || threshold !== null || consistency) return;
  const phone = world.phones[device]!;
  const owner = target === "user" ? USERS[0]! : phone.id;
  // nothing may be compared while pushes are on their way
  if (what === "connect") await leaveFirst(world, phone);
  if (what === "login") await unbindFirst(world, phone);
  const pushed = world.pushes.many(biz, owner, pushes);
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
    world.judge.acked(lane, { ids, cursor: stream.cursor });
  }
  if (how === "point") {
    phone.ack(biz, { id: stream.point });
    world.judge.acked(lane, { upTo: stream.point });
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
