import type { ClientFrame } from "../src/protocol.ts";
import { parseFrame } from "./core/frames.ts";
import type { Event, Problem } from "./core/model.ts";
import { sign } from "./platform/sign.ts";
import { type SocketClass, type SocketLike, SUBPROTOCOL } from "./platform/socket.ts";

export type ConnectionParts = {
  conn: number;
  url: string;
  webSocket: SocketClass;
  signing: { secret: string | undefined; instanceId: string; deviceId: () => string };
  post: (event: Event) => void;
  problem: (problem: Problem) => void;
};

/**
 * One WebSocket. Every event it posts carries its number, so that an older one's last words change nothing. Frames
 * leave in the order of {@link send}, although signing takes a moment.
 */
export class Connection {
  readonly conn: number;
  readonly #parts: ConnectionParts;
  #socket: SocketLike | null = null;
  /** Frames behind one that is being signed. */
  #held: ClientFrame[] | null = null;

  constructor(parts: ConnectionParts) {
    this.conn = parts.conn;
    this.#parts = parts;
    const { conn, post } = parts;
    try {
      const socket = new parts.webSocket(parts.url, [SUBPROTOCOL]);
      this.#socket = socket;
      socket.onopen = () => post({ type: "opened", conn });
      socket.onmessage = (event: { data: unknown }) => this.#onMessage(event.data);
      // `close` always follows, with what there is to know.
      socket.onerror = () => {};
      socket.onclose = (event: { code: number; reason: string }) => {
        this.#socket = null;
        post({ type: "closed", conn, code: event.code, reason: event.reason });
      };
    } catch (cause) {
      parts.problem({ code: "platform", message: "Cannot open a WebSocket", cause });
      queueMicrotask(() => post({ type: "closed", conn, code: 1006, reason: "" }));
    }
  }

  /** @param signAt the time to sign with; frames that are not signed have none */
  send(frame: ClientFrame, signAt?: number): void {
    if (this.#held) return void this.#held.push(frame);
    const { secret } = this.#parts.signing;
    if (signAt === undefined || secret === undefined || (frame.type !== "hello" && frame.type !== "bind")) {
      return this.#write(frame);
    }
    this.#held = [];
    const { instanceId, deviceId } = this.#parts.signing;
    sign(frame, { secret, instanceId, deviceId: deviceId(), timestamp: signAt }).then(
      (signed) => this.#write({ ...frame, sign: signed }),
      (cause) => {
        this.#parts.problem({ code: "platform", message: "Cannot sign", cause });
        this.#write(frame);
      },
    ).then(() => this.#letGo(signAt));
  }

  close(code: number, reason: string): void {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close(code, reason);
    } catch { /* closing what is not open yet, on platforms that mind */ }
  }

  #letGo(signAt: number): void {
    const held = this.#held!;
    this.#held = null;
    for (const frame of held) this.send(frame, signAt);
  }

  #write(frame: ClientFrame): void {
    try {
      this.#socket?.send(JSON.stringify(frame));
    } catch { /* a socket that is closing; `closed` follows */ }
  }

  #onMessage(data: unknown): void {
    if (!this.#socket) return;
    const frame = parseFrame(data);
    if (frame === null) this.#parts.post({ type: "garbled", conn: this.conn });
    else if (frame !== "unknown") this.#parts.post({ type: "frame", conn: this.conn, frame });
  }
}
