/**
 * Syncline beside NATS JetStream and Mosquitto, in the same run, each on loopback with its data in a temporary folder.
 * What is not installed is named and left out.
 *
 *     deno task bench:peers [seconds per line] [publish,deliver,catch-up] [consumers] [messages a second to them]
 */
import { jetstreams } from "./peers/jetstream.ts";
import { mosquittos } from "./peers/mosquitto.ts";
import { PATH, Syncline, syncline } from "./peers/syncline.ts";
import type { Candidate, System } from "./peers/system.ts";
import { cpuSeconds } from "./support/cpu.ts";
import { measure } from "./support/caller.ts";
import { generate, quantile } from "./support/load.ts";
import { steadily, until } from "./support/steady.ts";

const seconds = Number(Deno.args[0] ?? 4);
const parts = (Deno.args[1] ?? "publish,deliver,catch-up").split(",");
const CALLERS = 64, USERS = 100_000, STORED = 10_000;
const CONSUMERS = Number(Deno.args[2] ?? 1_000), RATE = Number(Deno.args[3] ?? 5_000);
const run = crypto.randomUUID().slice(0, 8);

const peers = { "nats-server": await jetstreams(), mosquitto: await mosquittos() };
for (const [name, ways] of Object.entries(peers)) {
  if (ways.length === 0) console.log(`${name} is not installed: no figures of it`);
}
const candidates: Candidate[] = [syncline, ...Object.values(peers).flat()];

if (parts.includes("publish")) {
  await each(`acknowledged publishes, ${CALLERS} callers, ${USERS} users`, USERS, publish);
}
if (parts.includes("deliver")) {
  await each(`publish to client, ${RATE}/s, ${CONSUMERS} connected consumers`, CONSUMERS, deliver);
}
if (parts.includes("catch-up")) await each(`one consumer catches up over ${STORED} stored messages`, 1, catchUp);

/** Each candidate started for this measurement alone. */
async function each(title: string, stored: number, one: (system: System) => Promise<string>): Promise<void> {
  console.log(`\n${title}`);
  for (const { name, start } of candidates) {
    await using system = await start(stored);
    console.log(`  ${name.padEnd(62)} ${await one(system)}`);
  }
}

async function publish(system: System): Promise<string> {
  await load(system, 1, 0);
  const server = system.cpu();
  const { perSecond, p50, p99, count, generatorCpu } = await load(system, seconds, 10_000_000);
  const times = `p50 ${p50.toFixed(2).padStart(6)} ms   p99 ${p99.toFixed(2).padStart(6)} ms`;
  return `${perSecond.toFixed(0).padStart(7)}/s   ${times}   ${cpu(generatorCpu, system.cpu() - server, count)}`;
}

/** Syncline's callers have a connection each, as an HTTP API's do; the peers' share one, as their clients do. */
async function load(system: System, time: number, first: number) {
  if (system instanceof Syncline) {
    return await generate({ port: system.port, path: PATH, callers: CALLERS, seconds: time, first, users: USERS, run });
  }
  await using publisher = await system.publisher();
  const own = cpuSeconds(Deno.pid);
  const once = (n: number) => publisher.publish((first + n) * 7919 % USERS, `${run}-${first + n}`);
  const result = await measure(Array.from({ length: CALLERS }, () => once), time);
  return { ...result, generatorCpu: cpuSeconds(Deno.pid) - own };
}

async function deliver(system: System): Promise<string> {
  const sent = new Map<string, number>();
  let times: number[] = [];
  await using _consumers = await system.consumers(CONSUMERS, (mid) => {
    const start = sent.get(mid);
    if (start === undefined) return;
    sent.delete(mid);
    times.push(performance.now() - start);
  });
  await using publisher = await system.publisher();
  const phase = async (time: number, name: string) => {
    times = [];
    await steadily(RATE, time, (n) => {
      const mid = `${run}-${name}-${n}`;
      sent.set(mid, performance.now());
      return publisher.publish(n % CONSUMERS, mid);
    });
    await until(() => sent.size === 0);
  };
  await phase(1, "warm");
  const server = system.cpu(), own = cpuSeconds(Deno.pid);
  await phase(seconds, "measured");
  const of = (q: number) => `${quantile(times, q).toFixed(2).padStart(7)} ms`;
  return `p50 ${of(0.5)}   p99 ${of(0.99)}   ${cpu(cpuSeconds(Deno.pid) - own, system.cpu() - server, times.length)}`;
}

async function catchUp(system: System): Promise<string> {
  {
    await using _first = await system.consumers(1, () => {}); // where a consumer must be known before
  }
  await using publisher = await system.publisher();
  let next = 0;
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (next < STORED) await publisher.publish(0, `${run}-${next++}`);
  }));
  const missing = new Set(Array.from({ length: STORED }, (_, n) => `${run}-${n}`));
  const server = system.cpu(), own = cpuSeconds(Deno.pid);
  const start = performance.now();
  const { promise, resolve } = Promise.withResolvers<void>();
  await using _consumer = await system.consumers(1, (mid) => {
    if (missing.delete(mid) && missing.size === 0) resolve();
  });
  await promise;
  const ms = performance.now() - start;
  return `${(STORED / ms * 1000).toFixed(0).padStart(7)}/s in ${ms.toFixed(0)} ms   ${
    cpu(cpuSeconds(Deno.pid) - own, system.cpu() - server, STORED)
  }`;
}

function cpu(client: number, server: number, count: number): string {
  const micros = (s: number) => `${(s / count * 1e6).toFixed(1)} µs`;
  return `CPU each: client ${micros(client)}, server ${micros(server)}`;
}
