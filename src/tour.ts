/**
 * `deno task demo [url]`: shows on a running server what the product does. A user with two devices, one of them away
 * for a while; pushes for the user, a device and everybody; and what each device received, in order, with ids.
 */
import { type Batch, PROTOCOL_VERSION, type ServerFrame, SUBPROTOCOL } from "./protocol.ts";

const base = (Deno.args[0] ?? "http://127.0.0.1:8080").replace(/\/$/, "");
const run = crypto.randomUUID().slice(0, 4);
const userId = `demo-${run}`;

/** A device of the demo: says hello, acknowledges what comes, remembers its points. */
class Device {
  readonly name: string;
  readonly received: string[] = [];
  readonly #points = new Map<string, [Batch["scope"], string, number]>();
  #ws: WebSocket | null = null;

  constructor(name: string) {
    this.name = name;
  }

  async connect(): Promise<void> {
    const ws = new WebSocket(`${base.replace(/^http/, "ws")}/sync`, [SUBPROTOCOL]);
    this.#ws = ws;
    const welcomed = Promise.withResolvers<void>();
    ws.onopen = () => this.#hello(ws);
    ws.onerror = () => welcomed.reject(new Error(`Cannot connect to ${base}: is the server running? deno task start`));
    ws.onmessage = ({ data }) => {
      const frame = JSON.parse(data) as ServerFrame;
      if (frame.type === "welcome") welcomed.resolve();
      else if (frame.type === "ping") ws.send(JSON.stringify({ type: "pong", n: frame.n }));
      else if (frame.type === "sync") { for (const batch of frame.batches) this.#take(ws, batch); }
    };
    await welcomed.promise;
  }

  async leave(): Promise<void> {
    const ws = this.#ws;
    if (!ws || ws.readyState === WebSocket.CLOSED) return;
    this.#ws = null;
    await new Promise((resolve) => {
      ws.onclose = resolve;
      ws.close();
    });
  }

  #hello(ws: WebSocket): void {
    const points = [...this.#points.values()];
    const ofUser = (point: Batch["scope"]) => point === "user" || point === "globalUser";
    ws.send(JSON.stringify({
      type: "hello",
      protocol: PROTOCOL_VERSION,
      seq: Date.now(),
      instanceId: "default_demo",
      deviceId: `${this.name}-${run}`,
      os: "android",
      appVersion: "1.0.0",
      sdk: "syncline-demo",
      foreground: true,
      points: points.filter(([scope]) => !ofUser(scope)),
      user: { userId, sessionId: `session-${run}`, points: points.filter(([scope]) => ofUser(scope)) },
    }));
  }

  #take(ws: WebSocket, { scope, biz, to, ops }: Batch): void {
    const key = `${scope} ${biz}`;
    const [, , known] = this.#points.get(key) ?? [scope, biz, 0];
    for (const op of ops) if (op.id > known) this.received.push(`${biz} #${op.id} ${op.pl}`);
    if (to === undefined) return;
    this.#points.set(key, [scope, biz, Math.max(known, to)]);
    ws.send(JSON.stringify({ type: "ack", scope, biz, id: to }));
  }
}

let pushes = 0;
async function push(endpoint: "single" | "global", bizType: string, linkToken: string, payload: string): Promise<void> {
  const response = await fetch(`${base}/webapi/sync/${endpoint}?instanceId=default_demo`, {
    method: "POST",
    body: JSON.stringify({ bizType, linkToken, thirdMsgId: `demo-${run}-${++pushes}`, payload }),
  });
  const { msg, detail } = await response.json();
  console.log(`  push ${bizType.padEnd(17)} ${payload.padEnd(22)} → ${msg}${detail ? ` (${detail})` : ""}`);
}

async function until(done: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`Cannot see ${what} within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const has = (device: Device, count: number) => () =>
  device.received.filter((line) => line.includes(run)).length >= count;
const phone = new Device("phone"), tablet = new Device("tablet");
try {
  console.log(`User ${userId} logs in on a phone and a tablet`);
  await phone.connect();
  await tablet.connect();
  await push("single", "UCHAT", userId, `hello ${run}`);
  await push("single", "UCHAT", userId, `how are you ${run}`);
  await push("single", "TRADE-RESULT", userId, `paid 12.50 ${run}`);
  await push("single", "DEVICE-LOCK", `phone-${run}`, `lock ${run}`);
  await until(() => phone.received.length + tablet.received.length >= 6, "the first pushes");
  console.log("The tablet goes away");
  await tablet.leave();
  await push("single", "UCHAT", userId, `are you there ${run}`);
  await push("global", "GLOBAL-SDK-CONFIG", "", `theme=dark ${run}`);
  await push("single", "UCHAT", userId, `see you later ${run}`);
  await until(has(phone, 5), "the phone's pushes");
  console.log("The tablet comes back, and catches up");
  await tablet.connect();
  await until(
    () => tablet.received.some((line) => line.includes("theme=dark")) && has(tablet, 5)(),
    "the tablet's catch-up",
  );
  for (const device of [phone, tablet]) {
    console.log(`\nThe ${device.name} received:`);
    for (const line of device.received) console.log(`  ${line}`);
  }
  console.log("\nThe global push waits for the phone's next foreground; the payment went to one device only.");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exitCode = 1;
} finally {
  await phone.leave();
  await tablet.leave();
}
