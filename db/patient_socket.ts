import type { Buffer } from "node:buffer";
import { Socket } from "node:net";
import { clearInterval, setImmediate, setInterval } from "node:timers";
import { Unanswered } from "./unanswered.ts";

/** What the driver knows of the address when it asks for a socket. */
export type SocketAddress = { host: string[]; port: number[] };

/** How often a connection is looked at until its silence is too long. */
const LOOKS = 9;

/**
 * A socket for postgres.js that tells of its end only after what the driver has put aside to write was written. The
 * driver (3.4.9) keeps what it could not write before `close`, puts it in front of the next connection's first message,
 * and never sends either: such a connection is of no use until the time-outs of many connects are over.
 *
 * An error is told together with the end: after `error` the driver fails what was asked before, still takes new calls, and
 * forgets those at a `close` with an error, so that they would wait for ever.
 *
 * The socket is given out before it is connected; what is written meanwhile waits.
 *
 * @param silenceMs where an answer is awaited and no byte of anything comes for so long, the connection is given up
 */
export function patientSocket({ host: [host], port: [port] }: SocketAddress, silenceMs = Infinity): Socket {
  const socket = new Socket();
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  let heard = (_bytes: Buffer) => {};
  let error: unknown[] | undefined;
  socket.emit = ((event: string | symbol, ...values: unknown[]) => {
    if (event === "data") heard(values[0] as Buffer);
    if (event === "error") error = values;
    else if (event !== "close") return emit(event, ...values);
    else {
      setImmediate(() =>
        setImmediate(() => {
          if (error) emit("error", ...error);
          emit("close", ...values);
        })
      );
    }
    return true;
  }) as Socket["emit"];
  socket.connect(port!, host!);
  // only now: `connect` puts its own `write` back
  if (silenceMs !== Infinity) heard = endWhenSilent(socket, silenceMs);
  return socket;
}

/** @returns to be called with all that comes */
function endWhenSilent(socket: Socket, silenceMs: number): (bytes: Buffer) => void {
  const unanswered = new Unanswered();
  const write = socket.write.bind(socket) as (bytes: Buffer, ...rest: never[]) => boolean;
  socket.write = ((bytes: Buffer, ...rest: never[]) => {
    unanswered.sent(bytes);
    return write(bytes, ...rest);
  }) as Socket["write"];
  // counted, not timed: a process that stood still itself looks once before it reads what has come meanwhile
  let looks = 0;
  const timer = setInterval(() => {
    if (!unanswered.any) looks = 0;
    else if (++looks >= LOOKS) socket.destroy(silent(silenceMs));
  }, silenceMs / LOOKS).unref();
  socket.once("close", () => clearInterval(timer));
  return (bytes) => {
    looks = 0;
    unanswered.heard(bytes);
  };
}

/** With the code and system call of a network that gave the connection up. */
function silent(ms: number): Error {
  const message = `Cannot wait any longer: the database has said nothing for ${ms / 1000} s`;
  return Object.assign(new Error(message), { code: "ETIMEDOUT", syscall: "read" });
}
