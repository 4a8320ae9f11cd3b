import type { Sql } from "../../../db/sql.ts";

/** One look at the server and its database. */
export type Sample = {
  /** Seconds since the beginning. */
  at: number;
  /** Resident memory of the server, bytes. */
  rss: number;
  /** CPU of the server so far, s. */
  cpu: number;
  /** The gauges of its metrics, by name without prefix. */
  gauges: Record<string, number>;
  /** Size of the database, and of each table with its indexes, bytes. */
  database: number;
  tables: Record<string, number>;
  /** Rows of the log. */
  ops: number;
};

const GAUGE = /^(?:syncline|process)_(\w+) ([\d.e+-]+)$/gm;

export async function takeSample(at: number, server: { pid: number; url: string }, sql: Sql): Promise<Sample> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const gauges = Object.fromEntries([...text.matchAll(GAUGE)].map(([, name, value]) => [name!, Number(value)]));
  const rows = await sql<{ name: string; bytes: number; live: number }[]>`
    select relname as name, pg_total_relation_size(relid) as bytes, n_live_tup as live
    from pg_stat_user_tables where schemaname = 'public'`;
  const [size] = await sql<{ bytes: number }[]>`select pg_database_size(current_database()) as bytes`;
  return {
    at,
    rss: memoryOf(server.pid),
    cpu: cpuOf(server.pid),
    gauges,
    database: size!.bytes,
    tables: Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes])),
    ops: rows.find(({ name }) => name === "op")?.live ?? 0,
  };
}

function memoryOf(pid: number): number {
  const line = Deno.readTextFileSync(`/proc/${pid}/status`).split("\n").find((text) => text.startsWith("VmRSS:"));
  return Number(/\d+/.exec(line ?? "")?.[0] ?? NaN) * 1_024;
}

function cpuOf(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The straight line that fits the points best: its rise for one unit of x. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (pick: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const mx = mean(([x]) => x), my = mean(([, y]) => y);
  const over = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  const under = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return under === 0 ? 0 : over / under;
}

/** What a soak has to show, each with whether it did. */
export type Verdict = { good: boolean; lines: string[] };

/** Tables that hold what is now: they must not grow with time. `op`, `arrival` and their like hold what was. */
const BOUNDED = ["session", "eviction", "node", "delivery", "owed", "stat_delta", "nonce", "config", "instance"];
/** Memory may rise by so much, as a share, from the end of the warm-up to the end of the soak. */
const RISE = 0.1;
/** Tables may double, and small ones may grow to this, bytes. */
const SMALL = 4 * 1024 * 1024;

/**
 * @param samples those while there was traffic
 * @param idle the last one, after all clients have gone
 * @param fresh the first one, before any came
 * @param warm seconds until memory must be flat
 */
export function judge(samples: readonly Sample[], { fresh, idle, warm }: {
  fresh: Sample;
  idle: Sample;
  warm: number;
}): Verdict {
  const late = samples.filter(({ at }) => at >= warm);
  const lines: string[] = [];
  let good = true;
  const say = (fine: boolean, text: string) => {
    good &&= fine;
    lines.push(`${fine ? "good" : "BAD "}  ${text}`);
  };
  const span = (late.at(-1)?.at ?? 0) - (late[0]?.at ?? 0);
  const mean = late.reduce((sum, { rss }) => sum + rss, 0) / late.length;
  const rise = slopeOf(late.map(({ at, rss }) => [at, rss])) * span;
  say(
    rise <= mean * RISE,
    `memory after ${warm} s: ${mib(mean)} on average, by its trend ${mib(rise)} more at the end (${
      (rise / mean * 100).toFixed(1)
    } % of it; allowed ${RISE * 100} %)`,
  );
  for (const name of ["connections", "device_actors", "user_actors", "append_queue", "hydrations_waiting"]) {
    say(idle.gauges[name] === 0, `${name} at the end: ${idle.gauges[name]}`);
  }
  const timers = [fresh, idle].map(({ gauges }) => gauges["timers"] ?? NaN);
  say(timers[1]! <= timers[0]! + 2, `timers: ${timers[0]} before, ${timers[1]} after`);
  for (const name of BOUNDED) {
    const [before, after] = [late[0]?.tables[name] ?? 0, idle.tables[name] ?? 0];
    say(
      after <= Math.max(2 * before, SMALL),
      `table ${name}: ${mib(before)} after the warm-up, ${mib(after)} at the end`,
    );
  }
  const perOp = (sample: Sample) => (sample.tables["op"] ?? 0) / Math.max(1, sample.ops);
  const [before, after] = [perOp(late[0] ?? fresh), perOp(idle)];
  say(after <= before * 1.5, `bytes of the log for one op: ${Math.round(before)}, then ${Math.round(after)}`);
  return { good, lines };
}

export const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
