import type { Registry } from "../../actors/registry.ts";
import type { Session } from "../../actors/session.ts";
import type { Ack, Bind, ClientFrame, Hello } from "../protocol.ts";
import type { Socket } from "../socket.ts";

export type SessionFrameDeps = {
  registry: Pick<Registry, "ack" | "setForeground" | "unbind">;
  /** An acknowledgement came. @default nothing */
  acked?: ((session: Session, frame: Ack) => void) | undefined;
};

/** What an open session says that needs no check of its own. */
export function tellRegistry(
  { registry, acked }: SessionFrameDeps,
  socket: Socket,
  session: Session,
  frame: Exclude<ClientFrame, Hello | Bind>,
): void {
  switch (frame.type) {
    case "ack":
      acked?.(session, frame);
      return registry.ack(session, frame);
    case "ping":
      return socket.send(`{"type":"pong","n":${frame.n}}`);
    case "pong":
      return;
    case "foreground":
    case "background":
      return registry.setForeground(session, frame.type === "foreground");
    case "unbind":
      return registry.unbind(session, frame.n);
  }
}
