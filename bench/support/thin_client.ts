import { PROTOCOL_VERSION } from "../../src/protocol.ts";

/** What user and device number `n` say first, to the demo's instance. */
export function helloOf(n: number, { foreground }: { foreground: boolean }): string {
  return JSON.stringify({
    type: "hello",
    protocol: PROTOCOL_VERSION,
    seq: Date.now(),
    instanceId: "default_demo",
    deviceId: `device-${n}`,
    os: "android",
    appVersion: "1.2.0",
    foreground,
    points: [],
    user: { userId: `user-${n}`, sessionId: `session-${n}`, points: [] },
  });
}

/** A client of a few hundred bytes on a bare TCP connection, for having very many of them in one process. */
export class ThinClient implements Disposable {
  static #opened = 0;
  readonly #connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /**
   * Connects, upgrades, says `first`, and resolves when a frame has come back (without `first`: when upgraded). The server
   * listens on all of loopback, and each client dials the next of its addresses: between two addresses there are some 28,000
   * ports, and from half of them on the kernel looks for a free one for as long as all the rest takes.
   */
  static async open(port: number, path: string, first?: string): Promise<ThinClient> {
    const connection = await Deno.connect({ hostname: `127.0.0.${1 + ThinClient.#opened++ % LOOPBACKS}`, port });
    await connection.write(encoder.encode(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: syncline.v1\r\n\r\n`,
    ));
    const client = new ThinClient(connection);
    await client.read();
    if (first !== undefined) {
      await client.send(first);
      await client.read();
    }
    return client;
  }

  /** Sends one text frame, masked with zeros. */
  async send(text: string): Promise<void> {
    const body = encoder.encode(text);
    const head = body.length < 126 ? [0x81, 0x80 | body.length] : [0x81, 0xfe, body.length >> 8, body.length & 255];
    const frame = new Uint8Array(head.length + 4 + body.length);
    frame.set(head);
    frame.set(body, head.length + 4);
    await this.#connection.write(frame);
  }

  /** The next bytes that come, as text. */
  async read(): Promise<string> {
    const n = await this.#connection.read(shared);
    if (n === null) throw new Error("Cannot read: the server closed the connection");
    return decoder.decode(shared.subarray(0, n));
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

const LOOPBACKS = 8;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const shared = new Uint8Array(64 * 1024);

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const line = Deno.readTextFileSync(`/proc/${pid}/status`).split("\n").find((text) => text.startsWith("VmRSS:"));
  return Number(/\d+/.exec(line ?? "")?.[0] ?? NaN) * 1024;
}
