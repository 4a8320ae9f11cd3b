/**
 * As much of a WebSocket as the client uses. Those of browsers, Deno, Node and the phones fit; so that they do, the
 * events' types are left to them.
 */
export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  /** Called with `{data}`. */
  onmessage: ((event: never) => void) | null;
  /** Called with `{code, reason}`, once. */
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

/** `WebSocket`, or another class that is made the same way. */
export type SocketClass = new (url: string, protocols: string[]) => SocketLike;

export const SUBPROTOCOL = "syncline.v1";
