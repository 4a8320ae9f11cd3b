/** Pushes at several times the rate that the server can take: what it answers, what it needs, how soon it is well again. */
import { Line, type LoopResult, openLoop } from "./support/open_loop.ts";
import type { Address } from "./support/wire.ts";

export type OverloadOptions = {
  address: Address;
  pid: number;
  /** Pushes that wait for the database at most, as the server was told. */
  queue: number;
  /** How often as many pushes are due as the server takes. */
  times: number;
  seconds: number;
  /** Callers that each wait for their answer, to find what the server takes. */
  callers: number;
  tell: (line: string) => void;
};

export type OverloadReport = {
  /** Pushes a second that the callers get answered, each waiting for its answer: before, and right after. */
  sustainable: number;
  after: number;
  /** From the end of the overload to the first push that is answered true, ms. */
  recovered: number;
  overload: LoopResult;
  /** Resident memory of the server, bytes: before, and at most. */
  memory: [number, number];
};

const PATH = "/webapi/sync/single?instanceId=default_demo";
const USERS = 10_000;
const run = crypto.randomUUID().slice(0, 8);
let number = 0;
const body = () => {
  const n = number++;
  return `{"bizType":"UCHAT","linkToken":"u-${n * 7_919 % USERS}","thirdMsgId":"${run}-${n}","payload":"hello ${n}"}`;
};

export async function overload(options: OverloadOptions): Promise<OverloadReport> {
  const { address, pid, times, seconds, queue, callers, tell } = options;
  await closedLoop(address, callers, 1);
  const sustainable = await closedLoop(address, callers, seconds / 3);
  tell(`${callers} callers: ${Math.round(sustainable)} pushes a second`);
  const before = residentBytes(pid);
  let most = before;
  const watch = setInterval(() => most = Math.max(most, residentBytes(pid)), 50);
  // as many connections as fill the queue twice: more is not refused by us, but waits in the callers
  const connections = Math.min(12_000, 2 * queue + 2_000);
  const rate = sustainable * times;
  const result = await openLoop({ address, path: PATH, body, rate, seconds, connections });
  for (const [status, { count, p50, p99, longest }] of [...result.answers].sort(([a], [b]) => a - b)) {
    tell(`${status}: ${count}, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${longest.toFixed(0)} ms`);
  }
  const sent = (result.due - result.unsent) / seconds / sustainable;
  tell(`sent ${sent.toFixed(1)} times of that for ${seconds} s, all answered after ${result.seconds.toFixed(1)} s`);
  if (result.unsent > 0) tell(`given up because ${connections} connections were busy: ${result.unsent}`);
  const ended = performance.now();
  using line = await Line.open(address, PATH);
  while ((await line.post(body())).status !== 200);
  const recovered = performance.now() - ended;
  const after = await closedLoop(address, callers, seconds / 3);
  clearInterval(watch);
  tell(`the first true answer ${recovered.toFixed(0)} ms later, then ${Math.round(after)} pushes a second`);
  tell(`memory: ${Math.round(before / 1e6)} MB before, ${Math.round(most / 1e6)} MB at most`);
  return { sustainable, after, recovered, overload: result, memory: [before, most] };
}

/** Callers that wait for their answers: what the server takes a second. */
async function closedLoop(address: Address, callers: number, seconds: number): Promise<number> {
  const lines = await Promise.all(Array.from({ length: callers }, () => Line.open(address, PATH)));
  const begun = performance.now(), end = begun + seconds * 1_000;
  let answered = 0;
  await Promise.all(lines.map(async (line) => {
    while (performance.now() < end) {
      const { status, text } = await line.post(body());
      if (status !== 200 || !text.includes('"success":true')) throw new Error(`Cannot measure: ${text}`);
      answered++;
    }
  }));
  for (const line of lines) line[Symbol.dispose]();
  return answered / ((performance.now() - begun) / 1_000);
}

function residentBytes(pid: number): number {
  const line = Deno.readTextFileSync(`/proc/${pid}/status`).split("\n").find((text) => text.startsWith("VmRSS:"));
  return Number(/\d+/.exec(line ?? "")?.[0] ?? NaN) * 1_024;
}
