import { delay } from "es-toolkit";
import type { Sql } from "../../db/sql.ts";
import type { Proxy } from "../support/proxy.ts";
import type { Phone } from "./phone.ts";
import { type Plan, UPGRADED } from "./plan.ts";
import type { Publishers } from "./publishers.ts";
import type { Blow, ClientBlow, Schedule, ServerBlow } from "./schedule.ts";
import type { Victim } from "./victim.ts";

export type NemesisParts = {
  plan: Plan;
  schedule: Schedule;
  victim: Victim;
  proxy: Proxy;
  phones: readonly Phone[];
  publishers: Publishers;
  now: () => number;
  /** Told of each blow to the server when it is over. */
  told: (what: string) => void;
  problem: (what: string) => void;
};

/** Postgres takes 100 connections; more than these are not needed to leave none. */
const CONNECTIONS = 110;
const AT_ONCE = 10;

/** Carries out the schedule. Blows to the server come one at a time: one that takes long delays those behind it. */
export class Nemesis {
  readonly #p: NemesisParts;
  readonly #stop = new AbortController();
  readonly done = new Map<string, number>();

  constructor(parts: NemesisParts) {
    this.#p = parts;
  }

  /** Resolves when the schedule is done, or after `stop`, with the server up. */
  async rage(): Promise<void> {
    const { server, client } = this.#p.schedule;
    await Promise.all([
      this.#carryOut(server, (blow) => this.#hitServer(blow)),
      this.#carryOut(client, (blow) => this.#hitClients(blow)),
    ]);
    await this.#p.victim.ensure();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #carryOut<T extends string>(blows: readonly Blow<T>[], hit: (blow: Blow<T>) => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    for (const blow of blows) {
      await delay(Math.max(0, blow.at - this.#p.now()), { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await hit(blow);
      } catch (error) {
        this.#p.problem(`the blow "${blow.what}" failed: ${error}`);
      }
      this.done.set(blow.what, (this.done.get(blow.what) ?? 0) + 1);
    }
  }

  async #hitServer({ what, dice: [how] }: Blow<ServerBlow>): Promise<void> {
    const { victim, now, told } = this.#p;
    await victim.ensure();
    const from = now();
    switch (what) {
      case "kill":
        await victim.restart("SIGKILL", how * 800);
        break;
      case "drain":
        await victim.restart("SIGTERM", how * 300);
        break;
      case "pause":
        await victim.pause(300 + how * 3_500);
        break;
      case "postgres":
        await victim.crashPostgres();
        break;
      case "terminate":
        await withSql(victim, terminateOthers);
        break;
      case "pool":
        await exhaust(victim, 500 + how * 2_500);
        break;
      case "stall":
        await withSql(victim, (sql) => lockLog(sql, 0.3 + how * 2.5));
    }
    told(`${(from / 1000).toFixed(1)} s: ${what}, ${now() - from} ms`);
  }

  async #hitClients({ what, dice: [whom, how, side] }: Blow<ClientBlow>): Promise<void> {
    const { plan, proxy, phones, publishers } = this.#p;
    const phone = phones[Math.floor(whom * phones.length)]!;
    const { users, about } = plan.phones[Math.floor(whom * phones.length)]!;
    switch (what) {
      case "cut":
        return proxy.cutAll(0.2 + how * 0.3);
      case "cutAll":
        return proxy.cutAll();
      case "hold":
        proxy.stall(0.1 + how * 0.3, 500 + side * 5_000, (["up", "down", "both"] as const)[Math.floor(how * 3)]!);
        return;
      case "move":
        return phone.move(how < 0.1 ? null : phone.log.user === users[0] ? users[1] : users[0]);
      case "restart":
        return phone.restart();
      case "upgrade":
        return phone.restart({ ...about, version: UPGRADED });
      case "background":
        return phone.front(false);
      case "foreground":
        for (const [n, one] of phones.entries()) if ((n % 2 === 0) === (how < 0.5)) one.front(true);
        return;
      case "repeat":
        await publishers.repeat(5 + Math.floor(how * 20));
    }
  }
}

async function withSql(victim: Victim, use: (sql: Sql) => Promise<unknown>): Promise<void> {
  const sql = await victim.sql();
  try {
    await use(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const terminateOthers = (sql: Sql) =>
  sql`select pg_terminate_backend(pid) from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()`;

/** Commits wait meanwhile, and so do reads. */
async function lockLog(sql: Sql, seconds: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`lock table op in access exclusive mode`;
    await tx`select pg_sleep(${seconds})`;
  });
}

/** Takes every connection there is, then terminates the server's: it needs new ones, and gets few or none. */
async function exhaust(victim: Victim, ms: number): Promise<void> {
  const held: Sql[] = [];
  const pids: number[] = [];
  const take = async (): Promise<boolean> => {
    const sql = await victim.sql();
    try {
      const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      pids.push(row!.pid);
      return held.push(sql) < CONNECTIONS;
    } catch {
      await sql.end({ timeout: 1 });
      return false;
    }
  };
  const fill = async () => {
    while ((await Promise.all(Array.from({ length: AT_ONCE }, take))).every(Boolean));
  };
  try {
    await fill();
    const [one] = held;
    await one?.unsafe(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where backend_type = 'client backend' and pid <> all ('{${pids.join()}}')`,
    );
    await fill();
    await delay(ms);
  } finally {
    await Promise.all(held.map((sql) => sql.end({ timeout: 1 })));
  }
}
