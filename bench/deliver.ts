/**
 * Push to client: from the POST's first byte to the op in the client's hands, at a steady rate, every op acknowledged;
 * beside its floor in the same run: the same number of frames a second through a bare WebSocket server.
 *
 *     deno task bench:deliver [pushes a second] [seconds] [users]
 */
import { PROTOCOL_VERSION, SUBPROTOCOL } from "../src/protocol.ts";
import { Caller } from "./support/caller.ts";
import { freePort, startProduct } from "./support/product.ts";

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
      connect(`ws://127.0.0.1:${server.port}/sync`, user, (mid) => {
        const start = sent.get(mid);
        if (start !== undefined) times.push(performance.now() - start);
        sent.delete(mid);
      })),
  );
  const callers = await Promise.all(Array.from({ length: CALLERS }, () => Caller.open(server.port, path)));
  const idle = [...callers];
  let skipped = 0;
  await steadily(async (n) => {
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

function connect(url: string, user: number, onOp: (mid: string) => void): Promise<WebSocket> {
  const ws = new WebSocket(url, [SUBPROTOCOL]);
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  ws.onerror = () => reject(new Error("Cannot connect"));
  ws.onopen = () =>
    ws.send(JSON.stringify({
      type: "hello",
      protocol: PROTOCOL_VERSION,
      seq: Date.now(),
      instanceId: "default_demo",
      deviceId: `device-${user}`,
      foreground: true,
      points: [],
      user: { userId: `user-${user}`, sessionId: "s", points: [] },
    }));
  ws.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type === "welcome") resolve(ws);
    else if (frame.type === "ping") ws.send(JSON.stringify({ type: "pong", n: frame.n }));
    else if (frame.type === "sync") {
      for (const batch of frame.batches) {
        for (const op of batch.ops) onOp(op.mid);
        ws.send(`{"type":"ack","scope":"${batch.scope}","biz":"${batch.biz}","id":${batch.to}}`);
      }
    }
  };
  return promise;
}

async function bareSocket(): Promise<number[]> {
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `Deno.serve({ hostname: "127.0.0.1", port: ${port}, onListen() {} }, (r) => {
      if (!r.headers.get("upgrade")) return new Response("ok");
      const { socket, response } = Deno.upgradeWebSocket(r);
      socket.onmessage = (e) => socket.send(e.data);
      return response; })`,
    ],
  }).spawn();
  try {
    while (!await fetch(`http://127.0.0.1:${port}`).then((r) => r.text(), () => null));
    const times: number[] = [];
    const ws = new WebSocket(`ws://127.0.0.1:${port}`);
    await new Promise((resolve) => ws.onopen = resolve);
    const sent = new Map<string, number>();
    ws.onmessage = ({ data }) => {
      times.push(performance.now() - sent.get(data)!);
      sent.delete(data);
    };
    await steadily((n) => {
      sent.set(String(n), performance.now());
      ws.send(String(n));
      return Promise.resolve();
    });
    await until(() => sent.size === 0);
    ws.close();
    return times;
  } finally {
    child.kill();
    await child.status;
  }
}

/** Calls at the wanted rate, evenly, for the wanted time; a call is not waited for before the next. */
async function steadily(call: (n: number) => Promise<void>): Promise<void> {
  const start = performance.now();
  const total = rate * seconds;
  const under: Promise<void>[] = [];
  for (let n = 0; n < total;) {
    const due = Math.min(total, Math.floor((performance.now() - start) / 1000 * rate));
    while (n < due) under.push(call(n++));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(under);
}

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!done()) throw new Error("Cannot finish: something sent did not come back within 15 s");
}

function quantile(times: number[], q: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

function report(name: string, times: number[]): void {
  const of = (q: number) => `${quantile(times, q).toFixed(2)} ms`.padStart(10);
  console.log(`${name.padEnd(40)} ${times.length} in ${seconds} s   p50 ${of(0.5)}   p99 ${of(0.99)}`);
}
