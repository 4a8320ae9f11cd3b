import type { Log } from "../actors/runtime.ts";
import type { Clock } from "./clock.ts";

export type ListenOptions = {
  hostname: string;
  /** 0: any free one. */
  port: number;
  tls?: { cert: string; key: string } | undefined;
  handler: (request: Request, info: Deno.ServeHandlerInfo) => Response | Promise<Response>;
  clock: Clock;
  log: Log;
};

/** A port that is listened on until it is shut down. */
export interface Listening {
  readonly port: number;
  /** Accepts nothing more, and resolves when the requests under way are answered. */
  shutdown(): Promise<void>;
}

/** Connections that may wait to be accepted: after a restart all clients come within a second or two (OPS-3). */
const BACKLOG = 4_096;
/** Between two tries to listen again, ms. */
const AGAIN_MS = 200;

/**
 * Serves HTTP on a port. Where no descriptor is left for a new connection the runtime stops listening for good; here it
 * begins again, as often as it takes. Connections that are open do not notice.
 *
 * @throws {Deno.errors.AddrInUse} and the like, when the port cannot be had at the start.
 */
export function listen({ hostname, tls = undefined, handler, clock, log, ...given }: ListenOptions): Listening {
  const serve = (port: number) =>
    Deno.serve({ hostname, port, tcpBacklog: BACKLOG, onListen: () => {}, ...tls }, handler);
  let server = serve(given.port);
  const { port } = server.addr;
  let stopped = false;
  let cancel = () => {};
  const watch = () => {
    server.finished.catch((error) => {
      if (stopped) return;
      log("error", "listening failed, and is begun again", { port, error: String(error) });
      again();
    });
  };
  const again = () => {
    cancel = clock.after(AGAIN_MS, () => {
      try {
        server = serve(port);
        watch();
      } catch {
        again();
      }
    });
  };
  watch();
  return {
    port,
    async shutdown() {
      stopped = true;
      cancel();
      await server.shutdown();
    },
  };
}
