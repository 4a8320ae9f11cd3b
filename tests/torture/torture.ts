/** A run from its start to the verdict. */
import { delay } from "es-toolkit";
import { testFolder } from "../support/data_folder.ts";
import { Proxy } from "../support/proxy.ts";
import { seeded } from "../support/seeded.ts";
import { BarePhone } from "./bare_phone.ts";
import type { Evidence } from "./evidence.ts";
import { judge, type Verdict } from "./judge.ts";
import type { Wrong } from "./judge_stream.ts";
import { Nemesis } from "./nemesis.ts";
import type { Phone, PhoneParts } from "./phone.ts";
import { type Plan, planOf } from "./plan.ts";
import { Publishers } from "./publishers.ts";
import { factsOf, judgeCounters, readDatabase } from "./read_database.ts";
import { scheduleOf, type ServerBlow } from "./schedule.ts";
import { SdkPhone } from "./sdk_phone.ts";
import { Victim } from "./victim.ts";

export type TortureOptions = {
  seconds: number;
  pushes: number;
  seed: number;
  /** Another program than `src/main.ts`. */
  main?: string;
  /** @default all of them */
  blows?: readonly ServerBlow[];
  /** So long, ms, may nothing come while something is owed, before it counts as lost. @default 25000 */
  patienceMs?: number;
  /** Told of what happens, a line each. */
  log?: (line: string) => void;
};

export type Outcome = Verdict & {
  readonly published: number;
  readonly arrivals: number;
  /** Repeats on bare sockets, all of them allowed. */
  readonly repeats: number;
  readonly blows: ReadonlyMap<string, number>;
  readonly answers: ReadonlyMap<string, number>;
};

/** After the last arrival, ms: nothing more is on its way. Lost hints are found within 5 s. */
const QUIET_MS = 4_000;
const STORES_IN_FILES = 4;
/** Lost pushes of which the database's facts are told. */
const EXPLAINED = 5;

export async function torture(options: TortureOptions): Promise<Outcome> {
  const { seconds, pushes, seed, log = () => {} } = options;
  const plan = planOf(seed, pushes);
  const wrong: Wrong[] = [];
  const problem = (what: string) => {
    log(`problem: ${what}`);
    wrong.push({ rule: "server", what });
  };
  await using folder = await testFolder();
  await using stores = await testFolder("stores");
  // nothing is given up in a short run: see README, "What it has found"
  const ackMs = seconds >= 300 ? 2_000 : 4_000;
  await using victim = await Victim.start({ dataDir: folder.path, main: options.main, ackMs, problem, log });
  await using proxy = new Proxy(victim.port, seeded(seed + 1));
  proxy.maxDelayMs = 3;
  proxy.splitChance = 0.05;
  proxy.cutChance = 0.0002;
  const start = Date.now();
  const now = () => Date.now() - start;
  await using cleanUp = new AsyncDisposableStack();
  const phones = plan.phones.map((one, n) => {
    const parts: PhoneParts = { plan: one, seed, port: proxy.port, random: seeded(seed + 1_000 + n), now };
    return cleanUp.use(makePhone(parts, n < 2 * STORES_IN_FILES ? stores.path : null));
  });
  const port = () => victim.port;
  using publishers = new Publishers({ plan, ms: seconds * 950, port, proxyPort: proxy.port, now });
  const schedule = scheduleOf({ seed, ms: seconds * 1000, ...(options.blows ? { server: options.blows } : {}) });
  const nemesis = new Nemesis({ plan, schedule, victim, proxy, phones, publishers, now, told: log, problem });
  const arrivals = () => phones.reduce((sum, { log }) => sum + countArrivals(log.streams.values()), 0);

  const report = setInterval(() => log(`${seconds < 300 ? "" : memory()}${publishers.begun} pushes begun`), 10_000);
  const late = setTimeout(() => publishers.stop(), seconds * 1000);
  await Promise.all([publishers.publish().finally(() => nemesis.stop()), nemesis.rage()]);
  clearTimeout(late);
  if (publishers.hung > 0) problem(`${publishers.hung} calls had no answer within a minute`);
  log(`${(now() / 1000).toFixed(1)} s: the blows are over, ${publishers.begun} pushes were published`);
  await calmDown(plan, phones, proxy);

  const { patienceMs = 25_000 } = options;
  const verdict = await settle({ victim, phones, publishers, start, now, arrivals, log, patienceMs });
  clearInterval(report);
  return {
    ...verdict,
    wrong: [...wrong, ...verdict.wrong],
    published: publishers.begun,
    arrivals: arrivals(),
    repeats: phones.reduce((sum, phone) => sum + (phone instanceof BarePhone ? phone.repeats : 0), 0),
    blows: nemesis.done,
    answers: publishers.answers,
  };
}

const makePhone = (parts: PhoneParts, folder: string | null): Phone =>
  parts.plan.on === "bare" ? new BarePhone(parts) : new SdkPhone(parts, folder);

/** Everybody gets what is owed: each user has a phone, sockets flow, apps report all. */
async function calmDown(plan: Plan, phones: readonly Phone[], proxy: Proxy): Promise<void> {
  proxy.release();
  proxy.cutChance = proxy.maxDelayMs = proxy.splitChance = 0;
  for (const [n, phone] of phones.entries()) {
    const home = plan.phones[n]!.users[0];
    if (n < plan.users.length || phone.log.user === null) {
      if (phone.log.user !== home) phone.move(home);
    }
    phone.giveIn();
    phone.front(true);
  }
  await delay(1_000);
}

type Settling = {
  victim: Victim;
  phones: readonly Phone[];
  publishers: Publishers;
  start: number;
  now: () => number;
  arrivals: () => number;
  log: (line: string) => void;
  patienceMs: number;
};

/** Waits until nothing is owed any more, or nothing comes. */
async function settle(settling: Settling): Promise<Verdict> {
  const { victim, phones, publishers, start, now, arrivals, log, patienceMs } = settling;
  const sql = await victim.sql(2);
  try {
    let last = arrivals(), since = now();
    for (;;) {
      for (const phone of phones) phone.front(true);
      await delay(500);
      if (arrivals() !== last) {
        last = arrivals();
        since = now();
      }
      if (now() - since < QUIET_MS) continue;
      const found = await readDatabase(sql, start);
      const evidence: Evidence = {
        pushes: publishers.records,
        phones: phones.map((phone) => phone.log),
        end: now(),
        ...found,
      };
      const verdict = judge(evidence);
      const hope = verdict.lost.some(({ id }) => id !== null);
      const over = !hope || now() - since > patienceMs;
      log(`${(now() / 1000).toFixed(1)} s: ${verdict.counts.lost} are missing${over ? "" : " yet"}`);
      if (verdict.counts.lost > 0 && !over) continue;
      for (const { push } of verdict.lost.slice(0, EXPLAINED)) log(`m-${push}: ${await factsOf(sql, push, start)}`);
      return { ...verdict, wrong: [...verdict.wrong, ...await judgeCounters(sql)] };
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function countArrivals(streams: Iterable<{ arrivals: { length: number } }>): number {
  let sum = 0;
  for (const stream of streams) sum += stream.arrivals.length;
  return sum;
}

function memory(): string {
  const { rss, heapUsed } = Deno.memoryUsage();
  return `checker ${Math.round(rss / 1e6)} MB (heap ${Math.round(heapUsed / 1e6)} MB), `;
}
