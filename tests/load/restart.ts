/**
 * OPS-3 with many clients: two processes on one Postgres are restarted one after the other under pushes, then the one
 * that holds all clients is killed, with the other one there and without.
 */
import { delay } from "es-toolkit/promise";
import { freePort } from "../../bench/support/product.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import type { FleetStats } from "./support/fleet.ts";
import { Fleets } from "./support/fleets.ts";
import { Pusher } from "./support/pusher.ts";
import type { Address } from "./support/wire.ts";

export type RestartOptions = {
  databaseUrl: string;
  phones: number;
  /** Processes that the phones are spread over. */
  processes: number;
  /** Pushes a second, all the time. */
  rate: number;
  /** How long clients may take, ms, before the run is given up. */
  patience: number;
  /** After so long online, ms, a client's next reconnect counts as its first; the next event waits for that. */
  stableMs: number;
  tell: (line: string) => void;
};

/** How the clients came back from one event. */
export type Return = {
  what: string;
  /** From the event to the first, the middle, the 99th of 100 and the last welcome, and to the last phone that has everything, ms. */
  first: number;
  half: number;
  most: number;
  last: number;
  caughtUp: number;
  /** The most clients that were welcomed within any 250 ms, as a share of all that came. */
  peak: number;
  /** How long the process took to end after the signal, and its exit code. */
  ended: number;
  code: number;
  /** The spread of the hints, ms: least and most; and the most that lie within any 250 ms, as a share. */
  hints: [number, number] | null;
  hintPeak: number;
  closes: Record<number, number>;
};

export type RestartReport = {
  returns: Return[];
  accepted: number;
  /** Accepted pushes that no phone got. */
  lost: number[];
  /** Pushes that an app would have seen twice. */
  twice: number;
  violations: string[];
  /** From acceptance to arrival, ms, over all pushes: the longest. */
  longest: number;
  refused: Record<string, number>;
};

const WINDOW_MS = 250;

export async function restartUnderLoad(options: RestartOptions): Promise<RestartReport> {
  const { databaseUrl, phones, tell } = options;
  const addresses: Address[] = [freePort(), freePort()].map((port) => ({ hostname: "127.0.0.1", port }));
  await using stack = new AsyncDisposableStack();
  const start = (n: number) => {
    // all of loopback: the phones dial several of its addresses
    const env = { DATABASE_URL: databaseUrl, HOST: "0.0.0.0", PORT: String(addresses[n]!.port) };
    return startProcess(env);
  };
  const servers: [ServerProcess, ServerProcess] = [await start(0), await start(1)];
  stack.defer(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
  });
  const fleets = stack.use(new Fleets(options.processes));
  const begun = Date.now();
  await fleets.start({ count: phones, addresses, loopbacks: 8, stableMs: options.stableMs });
  tell(`${phones} clients online in ${Date.now() - begun} ms`);
  const pusher = stack.use(new Pusher({ rate: options.rate, phones, addresses }));
  pusher.start();

  const returns: Return[] = [];
  let globals = 0;
  /** Does it, and waits until every phone is online with everything. */
  const after = async (what: string, act: () => Promise<ServerProcess>) => {
    await delay(options.stableMs);
    await fleets.mark();
    const wanted = await pusher.global(++globals);
    const at = Date.now();
    const server = await act();
    const status = server.status.then(({ code }) => ({ code, ended: Date.now() - at }));
    const moved = (stats: Pick<FleetStats, "online" | "caughtUp" | "closes">) =>
      stats.online === phones && stats.caughtUp >= expected(stats);
    const stats = await fleets.until(moved, options.patience, wanted).catch((error) => {
      tell(`${what}: ${error}`);
      throw error;
    });
    const result = { ...returnOf(what, at, stats), ...await status };
    returns.push(result);
    tell(line(result, stats.welcomes.length));
  };
  /** Who was not disconnected has no foreground connect, and gets the global push later (GLB-2). */
  const expected = (stats: Pick<FleetStats, "closes">) =>
    Object.values(stats.closes).length === 0 ? Infinity : phones - stayed;
  let stayed = phones - Math.ceil(phones / 2);
  const signal = (n: 0 | 1, name: Deno.Signal) => () => {
    servers[n].kill(name);
    return Promise.resolve(servers[n]);
  };

  await after("A drains", signal(0, "SIGTERM"));
  servers[0] = await start(0);
  stayed = 0;
  await after("B drains, with all clients", signal(1, "SIGTERM"));
  servers[1] = await start(1);
  await after("A is killed, with all clients, B is there", signal(0, "SIGKILL"));
  await after("B is killed, with all clients, and started again", async () => {
    const killed = servers[1];
    killed.kill("SIGKILL");
    await killed.status;
    servers[1] = await start(1);
    return killed;
  });

  await pusher.stop();
  await fleets.until((stats) => stats.arrivals >= pusher.accepted.length, options.patience).catch(() => {});
  const { violations } = await fleets.stats();
  return { returns, violations, refused: pusher.refused, ...await compare(fleets, pusher) };
}

/** What was accepted beside what arrived. */
async function compare(fleets: Fleets, pusher: Pusher) {
  const arrived = new Map<number, number>();
  let twice = 0;
  for (const [number, at] of await fleets.arrivals()) arrived.has(number) ? twice++ : arrived.set(number, at);
  const lost = pusher.accepted.map(({ number }) => number).filter((number) => !arrived.has(number));
  const longest = pusher.accepted.reduce((most, { number, at }) => Math.max(most, (arrived.get(number) ?? 0) - at), 0);
  return { accepted: pusher.accepted.length, lost, twice, longest };
}

function returnOf(what: string, at: number, stats: FleetStats): Omit<Return, "ended" | "code"> {
  const times = stats.welcomes.map((time) => time - at).sort((a, b) => a - b);
  const hints = stats.hints.sort((a, b) => a - b);
  return {
    what,
    first: times[0] ?? 0,
    half: times[times.length >> 1] ?? 0,
    most: times[Math.floor(times.length * 0.99)] ?? 0,
    last: times.at(-1) ?? 0,
    caughtUp: Math.max(times.at(-1) ?? 0, stats.caughtUpAt - at),
    peak: peakOf(times),
    hints: hints.length ? [hints[0]!, hints.at(-1)!] : null,
    hintPeak: peakOf(hints),
    closes: stats.closes,
  };
}

/** The largest share of these sorted times that lies within one window. */
function peakOf(times: readonly number[]): number {
  let most = 0;
  for (let end = 0, start = 0; end < times.length; end++) {
    while (times[end]! - times[start]! > WINDOW_MS) start++;
    most = Math.max(most, end - start + 1);
  }
  return most / Math.max(1, times.length);
}

function line(
  { what, first, half, most, last, caughtUp, peak, ended, code, hints, closes }: Return,
  came: number,
): string {
  return `${what}: ${came} welcomes from ${first} to ${last} ms (half ${half}, 99 % ${most}), all caught up after ${caughtUp} ms; ` +
    `at most ${(peak * 100).toFixed(0)} % within ${WINDOW_MS} ms; process ended after ${ended} ms (${code}); ` +
    `hints ${hints ? `${hints[0]} to ${hints[1]} ms` : "none"}; closes ${JSON.stringify(closes)}`;
}
