import { type Batch, type ClientFrame, PROTOCOL_VERSION, type ServerFrame, SUBPROTOCOL } from "../../src/protocol.ts";

type HelloInput = Partial<Omit<Extract<ClientFrame, { type: "hello" }>, "type">>;

/** A bare client on a real socket: it says only what a test tells it to, and answers pings unless it plays dead. */
export class RawClient implements AsyncDisposable {
  readonly frames: ServerFrame[] = [];
  closed: { code: number; reason: string } | null = null;
  /** Whether the server's pings are answered. */
  alive = true;
  readonly #ws: WebSocket;
  #read = 0;
  #waiting: (() => void)[] = [];

  private constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.onmessage = ({ data }) => {
      const frame = JSON.parse(data) as ServerFrame;
      if (frame.type === "ping" && this.alive) return this.send({ type: "pong", n: frame.n });
      this.frames.push(frame);
      this.#wake();
    };
    ws.onclose = ({ code, reason }) => {
      this.closed = { code, reason };
      this.#wake();
    };
  }

  /** Opens a socket and says nothing. */
  static async open(url: string): Promise<RawClient> {
    const ws = new WebSocket(url, [SUBPROTOCOL]);
    const client = new RawClient(ws);
    await new Promise<void>((resolve, reject) => {
      ws.onopen = () => resolve();
      ws.onerror = (event) => reject(new Error(`Cannot connect: ${(event as ErrorEvent).message}`));
    });
    ws.onerror = null;
    return client;
  }

  /** Opens a socket, says hello and waits for the welcome (or the close). */
  static async connect(server: { syncUrl: string }, hello: HelloInput = {}): Promise<RawClient> {
    const client = await RawClient.open(server.syncUrl);
    client.hello(hello);
    await client.until(() => client.frames.some((frame) => frame.type === "welcome"));
    return client;
  }

  hello(fields: HelloInput = {}): void {
    this.send({
      type: "hello",
      protocol: PROTOCOL_VERSION,
      seq: ++seq,
      instanceId: "default_demo",
      deviceId: "d-1",
      os: "android",
      appVersion: "1.2.0",
      foreground: true,
      points: [],
      ...fields,
    });
  }

  send(frame: ClientFrame | Record<string, unknown>): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.send(JSON.stringify(frame));
  }

  sendText(text: string | Uint8Array<ArrayBuffer>): void {
    this.#ws.send(text);
  }

  /** Waits until the condition holds; looks again at every frame. @throws when it does not within `ms` */
  async until(condition: () => boolean, ms = 10_000): Promise<void> {
    const deadline = Date.now() + ms;
    while (!condition()) {
      if (this.closed) return;
      const left = deadline - Date.now();
      if (left <= 0) {
        throw new Error(`Cannot see it within ${ms} ms; frames: ${JSON.stringify(this.frames).slice(0, 2000)}`);
      }
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        timer = setTimeout(resolve, Math.min(left, 1_000));
      });
      clearTimeout(timer);
    }
  }

  /** The next frame of a type that was not handed out yet. */
  async next<T extends ServerFrame["type"]>(type: T, ms?: number): Promise<Extract<ServerFrame, { type: T }>> {
    let index = -1;
    await this.until(
      () => (index = this.frames.findIndex((frame, at) => at >= this.#read && frame.type === type)) >= 0,
      ms,
    );
    if (index < 0) throw new Error(`Cannot get ${type}: closed with ${JSON.stringify(this.closed)}`);
    this.#read = index + 1;
    return this.frames[index] as Extract<ServerFrame, { type: T }>;
  }

  /** Waits for the close. */
  async close(ms?: number): Promise<{ code: number; reason: string }> {
    await this.until(() => this.closed !== null, ms);
    return this.closed!;
  }

  /** All batches so far, of one biz. */
  batches(biz?: string): Batch[] {
    return this.frames.flatMap((frame) => frame.type === "sync" ? frame.batches : [])
      .filter((batch) => biz === undefined || batch.biz === biz);
  }

  /** All ops so far, of one biz, in order of arrival. */
  ops(biz?: string): Batch["ops"] {
    return this.batches(biz).flatMap((batch) => batch.ops);
  }

  payloads(biz?: string): string[] {
    return this.ops(biz).map((op) => op.pl);
  }

  ack(biz: string, id: number, scope: Batch["scope"] = "user"): void {
    this.send({ type: "ack", scope, biz, id });
  }

  /** Sends a ping and waits for its pong: everything sent before has been handled. */
  async settled(): Promise<void> {
    const n = ++pings;
    this.send({ type: "ping", n });
    const answered = () => this.frames.some((frame) => frame.type === "pong" && frame.n === n);
    await this.until(answered);
    if (!answered()) throw new Error(`Cannot settle: closed with ${JSON.stringify(this.closed)}`);
  }

  /** Ends the connection as an app does that goes away. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ws.readyState <= WebSocket.OPEN) this.#ws.close();
    if (!this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

let seq = Date.now();
let pings = 1_000_000;

/** A `hello.user`. */
export const user = (userId: string, points: [Batch["scope"], string, number][] = [], sessionId = `s-${userId}`) => ({
  userId,
  sessionId,
  points,
});
