/**
 * One device comes back to many ops that wait for it: ops a second until it has received and acknowledged them all; beside
 * its floor in the same run: the same frames from a bare WebSocket server, each acknowledged as well.
 *
 *     deno task bench:catchup [ops]
 */
import { PROTOCOL_VERSION, type ServerFrame, SUBPROTOCOL } from "../src/protocol.ts";
import { withSocketServer } from "./support/bare_server.ts";
import { Caller } from "./support/caller.ts";
import { startProduct } from "./support/product.ts";

const ops = Number(Deno.args[0] ?? 10_000);
const CALLERS = 64, ROUNDS = 5, PER_FRAME = 100;
const PAYLOAD = "a message of usual size";

const floor = await bareSocket();
report("bare socket, the same frames", floor);
const caught = await product();
report("catch-up of one device", caught);
console.log(`\n${(best(caught) / best(floor)).toFixed(2)} of the bare socket's`);

/** Reads until `ops` have come, acknowledges every frame. @returns ops a second */
async function catchUp(port: number, device: string): Promise<number> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/sync`, [SUBPROTOCOL]);
  await new Promise<void>((resolve) => ws.onopen = () => resolve());
  const start = performance.now();
  let got = 0;
  await new Promise<void>((resolve) => {
    ws.onmessage = ({ data }) => {
      const frame = JSON.parse(data) as ServerFrame;
      if (frame.type !== "sync") return;
      for (const batch of frame.batches) {
        got += batch.ops.length;
        ws.send(`{"type":"ack","scope":"device","biz":"${batch.biz}","id":${batch.to}}`);
      }
      if (got >= ops) resolve();
    };
    ws.send(JSON.stringify({
      type: "hello",
      protocol: PROTOCOL_VERSION,
      seq: Date.now(),
      instanceId: "default_demo",
      deviceId: device,
      os: "android",
      appVersion: "1.2.0",
      foreground: true,
      points: [],
    }));
  });
  const seconds = (performance.now() - start) / 1_000;
  ws.close();
  await new Promise<void>((resolve) => ws.onclose = () => resolve());
  return got / seconds;
}

async function product(): Promise<number[]> {
  await using server = await startProduct();
  const path = "/webapi/sync/single?instanceId=default_demo";
  const callers = await Promise.all(Array.from({ length: CALLERS }, () => Caller.open(server.port, path)));
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const device = `device-${round}`;
    let next = 0;
    await Promise.all(callers.map(async (caller) => {
      while (next < ops) {
        const body =
          `{"bizType":"DEVICE-LOCK","linkToken":"${device}","thirdMsgId":"m-${++next}","payload":"${PAYLOAD}"}`;
        const answer = await caller.post(body);
        if (!answer.includes('"NOT_ONLINE"')) throw new Error(`Cannot count this answer: ${answer}`);
      }
    }));
    rates.push(await catchUp(server.port, device));
  }
  for (const caller of callers) caller[Symbol.dispose]();
  return rates;
}

function bareSocket(): Promise<number[]> {
  const before = `const op = (id) => ({ id, mid: "m-" + id, at: 1732000000000 + id, pl: "${PAYLOAD}" });
    const frames = Array.from({ length: ${ops / PER_FRAME} }, (_, n) => {
      const ops = Array.from({ length: ${PER_FRAME} }, (_, k) => op(n * ${PER_FRAME} + k + 1));
      const batch = { scope: "device", biz: "DEVICE-LOCK", from: n * ${PER_FRAME}, to: (n + 1) * ${PER_FRAME}, ops };
      return JSON.stringify({ type: "sync", batches: [batch] });
    });`;
  const onSocket = `let next = 0;
    socket.onmessage = () => { if (next < frames.length) socket.send(frames[next++]); };`;
  return withSocketServer({ before, onSocket }, async ({ port }) => {
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) rates.push(await catchUp(port, `device-${round}`));
    return rates;
  });
}

function best(rates: readonly number[]): number {
  return Math.max(...rates);
}

function report(name: string, rates: readonly number[]): void {
  const each = rates.map((rate) => Math.round(rate).toLocaleString("en")).join(", ");
  console.log(`${name.padEnd(30)} ${ops} ops, a second in each of ${rates.length} rounds: ${each}`);
}
