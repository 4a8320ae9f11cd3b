import type { Socket } from "../socket.ts";

/** Who was heard from so lately is not in the middle of a long message, ms. */
const SILENT_MS = 1_000;

/**
 * Pings idle sockets, and drops those that did not answer within two heartbeats. Where it is not `due` now, the machine's
 * clock was set or the process stood still: how long anybody was idle is not known, and all are asked.
 */
export function sweepIdle(sockets: Iterable<Socket>, now: number, heartbeatMs: number, due: number): void {
  const known = Math.abs(now - due) <= heartbeatMs / 2;
  for (const socket of sockets) {
    const idle = now - socket.heardAt;
    if (!known) socket.probe();
    else if (idle >= 2 * heartbeatMs) socket.close(1011, {}, "no answer within two heartbeats");
    else if (idle >= heartbeatMs && !socket.probing) socket.ping();
  }
}

/**
 * Asks all who are silent for a sign of life, and drops those that cannot give one: who is in the middle of a message
 * can send no other.
 */
export function probeSilent(sockets: Iterable<Socket>, now: number): void {
  for (const socket of sockets) if (now - socket.heardAt >= SILENT_MS) socket.probe();
}
