/**
 * Push to client: from the POST's first byte to the op in the client's hands, at a steady rate, every op acknowledged;
 * beside its floor in the same run: the same number of frames a second through a bare WebSocket server.
 *
 *     deno task bench:deliver [pushes a second] [seconds] [users]
 */
import { withSocketServer } from "./support/bare_server.ts";
import { Caller } from "./support/caller.ts";
import { connectDevice } from "./support/device.ts";
import { quantile } from "./support/load.ts";
import { startProduct } from "./support/product.ts";
import { steadily, until } from "./support/steady.ts";

const rate = Number(Deno.args[0] ?? 2_000), seconds = Number(Deno.args[1] ?? 8), users = Number(Deno.args[2] ?? 500);
const CALLERS = 64;
const path = "/webapi/sync/single?instanceId=default_demo";

const floor = await bareSocket();
report(`bare socket, ${rate}/s there and back`, floor);
const delivered = await product();
report(`push to client, ${rate}/s, ${users} users`, delivered);
console.log(`\np50 ${(quantile(delivered, 0.5) / quantile(floor, 0.5)).toFixed(1)} times the bare socket's`);

async function product(): Promise<number[]> {
  await using server = await startProduct();
  const run = crypto.randomUUID().slice(0, 8);
  const sent = new Map<string, number>();
  const times: number[] = [];
  const sockets = await Promise.all(
    Array.from({ length: users }, (_, user) =>
      connectDevice(`ws://127.0.0.1:${server.port}/sync`, user, (mid) => {
        const start = sent.get(mid);
        if (start !== undefined) times.push(performance.now() - start);
        sent.delete(mid);
      })),
  );
  const callers = await Promise.all(Array.from({ length: CALLERS }, () => Caller.open(server.port, path)));
  const idle = [...callers];
  let skipped = 0;
  await steadily(rate, seconds, async (n) => {
    const caller = idle.pop();
    if (!caller) return void skipped++;
    const mid = `${run}-${n}`;
    sent.set(mid, performance.now());
    const body = `{"bizType":"UCHAT","linkToken":"user-${
      n % users
    }","thirdMsgId":"${mid}","payload":"a message of usual size"}`;
    const answer = await caller.post(body);
    if (!answer.includes('"SUCCESS"')) throw new Error(`Cannot count this answer: ${answer}`);
    idle.push(caller);
  });
  await until(() => sent.size === 0);
  for (const caller of callers) caller[Symbol.dispose]();
  for (const socket of sockets) socket.close();
  if (skipped > 0) console.log(`${skipped} pushes of ${rate * seconds} were not made: all callers were waiting`);
  return times;
}

function bareSocket(): Promise<number[]> {
  return withSocketServer({ onSocket: "socket.onmessage = (e) => socket.send(e.data);" }, async ({ port }) => {
    const times: number[] = [];
    const ws = new WebSocket(`ws://127.0.0.1:${port}`);
    await new Promise((resolve) => ws.onopen = resolve);
    const sent = new Map<string, number>();
    ws.onmessage = ({ data }) => {
      times.push(performance.now() - sent.get(data)!);
      sent.delete(data);
    };
    await steadily(rate, seconds, (n) => {
      sent.set(String(n), performance.now());
      ws.send(String(n));
      return Promise.resolve();
    });
    await until(() => sent.size === 0);
    ws.close();
    return times;
  });
}

function report(name: string, times: number[]): void {
  const of = (q: number) => `${quantile(times, q).toFixed(2)} ms`.padStart(10);
  console.log(`${name.padEnd(40)} ${times.length} in ${seconds} s   p50 ${of(0.5)}   p99 ${of(0.99)}`);
}
