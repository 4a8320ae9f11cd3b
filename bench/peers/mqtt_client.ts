/** A small MQTT 3.1.1 client for QoS 1 on a persistent session: cheap enough not to be what is measured. Loopback only. */
export class MqttClient implements AsyncDisposable {
  readonly #connection: Deno.TcpConn;
  readonly #onMessage: (text: string) => void;
  readonly #waiting = new Map<number, () => void>();
  readonly #reading: Promise<void>;
  #nextId = 0;
  #out: Uint8Array[] = [];
  #writing: Promise<void> | undefined;

  private constructor(connection: Deno.TcpConn, onMessage: (text: string) => void) {
    this.#connection = connection;
    this.#onMessage = onMessage;
    this.#reading = this.#read();
  }

  /** Connects and, with a `topic`, subscribes to it; the session outlives the connection. */
  static async open(port: number, id: string, topic?: string, onMessage: (text: string) => void = () => {}) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    const client = new MqttClient(connection, onMessage);
    const accepted = new Promise<void>((resolve) => client.#waiting.set(CONNECTED, resolve));
    client.#send(connectPacket(id));
    await accepted;
    if (topic !== undefined) await client.#call((packetId) => subscribePacket(packetId, topic));
    return client;
  }

  /** Makes a persistent session that subscribes to `topic`, in one connection of three packets. */
  static async register(port: number, id: string, topic: string): Promise<void> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await writeAll(connection, concat([connectPacket(id), subscribePacket(1, topic), DISCONNECT]));
    const buffer = new Uint8Array(64);
    let last = 0;
    for (let n; (n = await connection.read(buffer)) !== null;) last = buffer[n - 1]!;
    connection.close();
    // the last byte is the granted QoS of the subscription
    if (last !== 1) throw new Error(`Cannot subscribe ${id}: the broker answered ${last}`);
  }

  /** Resolves with the broker's acknowledgement. */
  publish(topic: string, text: string): Promise<void> {
    return this.#call((packetId) => packet(0x32, string(topic), [packetId >> 8, packetId & 255], encoder.encode(text)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#send(DISCONNECT);
    await this.#writing;
    await this.#reading;
  }

  #call(packetOf: (packetId: number) => Uint8Array): Promise<void> {
    do this.#nextId = this.#nextId % 0xffff + 1; while (this.#waiting.has(this.#nextId));
    const id = this.#nextId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send(packetOf(id));
    });
  }

  /** What is sent in one turn is written at once. */
  #send(bytes: Uint8Array): void {
    this.#out.push(bytes);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    while (this.#out.length > 0) {
      await Promise.resolve();
      await writeAll(this.#connection, concat(this.#out.splice(0)));
    }
    this.#writing = undefined;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(256 * 1024);
    for (let filled = 0;;) {
      const n = await this.#connection.read(buffer.subarray(filled)).catch(() => null);
      if (n === null) break;
      filled += n;
      const used = this.#packets(buffer.subarray(0, filled));
      buffer.copyWithin(0, used, filled);
      filled -= used;
    }
    this.#connection.close();
  }

  /** Handles whole packets; returns how many bytes they took. */
  #packets(bytes: Uint8Array): number {
    for (let at = 0;;) {
      const header = readLength(bytes, at);
      if (header === undefined || bytes.length < header.end) return at;
      this.#packet(bytes[at]!, bytes.subarray(header.start, header.end));
      at = header.end;
    }
  }

  #packet(kind: number, body: Uint8Array): void {
    if (kind >> 4 === 3) {
      const id = 2 + (body[0]! << 8 | body[1]!);
      this.#send(packet(0x40, body.subarray(id, id + 2)));
      this.#onMessage(decoder.decode(body.subarray(id + 2)));
      return;
    }
    const id = kind >> 4 === 2 ? CONNECTED : body[0]! << 8 | body[1]!;
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.();
  }
}

const encoder = new TextEncoder(), decoder = new TextDecoder();
/** Stands for the answer to CONNECT among the packet ids. */
const CONNECTED = 0;
const DISCONNECT = Uint8Array.of(0xe0, 0);

function connectPacket(id: string): Uint8Array {
  // flags 0: a session that persists; keep-alive 0: none
  return packet(0x10, string("MQTT"), [4, 0, 0, 0], string(id));
}

function subscribePacket(packetId: number, topic: string): Uint8Array {
  return packet(0x82, [packetId >> 8, packetId & 255], string(topic), [1]);
}

function packet(kind: number, ...parts: (Uint8Array | number[])[]): Uint8Array {
  let length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [kind];
  do {
    head.push(length > 127 ? length & 127 | 128 : length);
    length >>= 7;
  } while (length > 0);
  return concat([head, ...parts]);
}

function string(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return concat([[bytes.length >> 8, bytes.length & 255], bytes]);
}

function concat(parts: readonly (Uint8Array | number[])[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Where the packet's body starts and ends; undefined while its length is not there. */
function readLength(bytes: Uint8Array, at: number): { start: number; end: number } | undefined {
  let length = 0;
  for (let n = 0; n < 4; n++) {
    const byte = bytes[at + 1 + n];
    if (byte === undefined) return undefined;
    length |= (byte & 127) << 7 * n;
    if (byte < 128) return { start: at + 2 + n, end: at + 2 + n + length };
  }
  throw new Error("Cannot read: a packet's length is too long");
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}
