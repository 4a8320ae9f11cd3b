import { Socket } from "node:net";
import { setImmediate } from "node:timers";

/** What the driver knows of the address when it asks for a socket. */
export type SocketAddress = { host: string[]; port: number[] };

/**
 * A socket for postgres.js that tells of its end only after what the driver has put aside to write was written. The
 * driver (3.4.9) keeps what it could not write before `close`, puts it in front of the next connection's first message,
 * and never sends either: such a connection is of no use until the time-outs of many connects are over.
 *
 * An error is told together with the end: after `error` the driver fails what was asked before, still takes new calls, and
 * forgets those at a `close` with an error, so that they would wait for ever.
 *
 * The socket is given out before it is connected; what is written meanwhile waits.
 */
export function patientSocket({ host: [host], port: [port] }: SocketAddress): Socket {
  const socket = new Socket();
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  let error: unknown[] | undefined;
  socket.emit = ((event: string | symbol, ...values: unknown[]) => {
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
  return socket;
}
