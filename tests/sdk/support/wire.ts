/** An in-memory socket pair: the client's end is a {@link SocketLike}, the other end is the test's to script. */
import type { ClientFrame, ServerFrame } from "../../../src/protocol.ts";
import type { SocketClass, SocketLike } from "../../../sdk/platform/socket.ts";

export class Wire implements SocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly url: string;
  readonly protocols: string[];
  /** Frames from the client, oldest first. */
  readonly sent: ClientFrame[] = [];
  /** What the client closed with. */
  closedBy: { code: number | undefined; reason: string | undefined } | null = null;
  onSent: (frame: ClientFrame) => void = () => {};

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  send(data: string): void {
    const frame = JSON.parse(data) as ClientFrame;
    this.sent.push(frame);
    this.onSent(frame);
  }

  close(code?: number, reason?: string): void {
    this.closedBy ??= { code, reason };
  }

  open(): void {
    this.onopen?.(undefined as never);
  }

  say(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  raw(data: unknown): void {
    this.onmessage?.({ data });
  }

  /** The server, or the network, ends it. */
  cut(code = 1006, reason = ""): void {
    const { onclose } = this;
    this.onopen = this.onmessage = this.onclose = null;
    onclose?.({ code, reason });
  }

  last<T extends ClientFrame["type"]>(type: T): Extract<ClientFrame, { type: T }> | undefined {
    return this.all(type).at(-1);
  }

  all<T extends ClientFrame["type"]>(type: T): Extract<ClientFrame, { type: T }>[] {
    return this.sent.filter((f): f is Extract<ClientFrame, { type: T }> => f.type === type);
  }
}

/** Hands out wires and remembers them. */
export function wires(): { all: Wire[]; webSocket: SocketClass; last(): Wire } {
  const all: Wire[] = [];
  const webSocket = class extends Wire {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      all.push(this);
    }
  };
  return { all, webSocket, last: () => all.at(-1)! };
}

export function welcome(epoch = "e-1", more: Partial<Extract<ServerFrame, { type: "welcome" }>> = {}): ServerFrame {
  return { type: "welcome", connectionId: "c", epoch, serverTime: 1_700_000_000_000, heartbeatMs: 45_000, ...more };
}

export function op(id: number, pl = `p-${id}`): { id: number; mid: string; at: number; pl: string } {
  return { id, mid: `m-${id}`, at: 1_700_000_000_000, pl };
}
