import type { Log } from "../actors/runtime.ts";

/**
 * Keeps the process alive when a database connection breaks at a moment of which the driver tells nobody: it reads the
 * types of a new connection without looking at the outcome, and writes to sockets that are gone (postgres.js 3.4.9).
 * Whoever waits for an answer on that connection is told anyway. Any other error still ends the process.
 */
export function surviveLostConnections(log: Log): void {
  const survive = (event: Event, error: unknown) => {
    if (!isOfDriver(error)) return;
    event.preventDefault();
    log("warning", "database connection lost", { error: String(error) });
  };
  globalThis.addEventListener("unhandledrejection", (event) => survive(event, event.reason));
  globalThis.addEventListener("error", (event) => survive(event, event.error));
}

const LOST = /^(57P0\d|08\w{3}|CONNECTION_\w+|CONNECT_TIMEOUT|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|ERR_STREAM_\w+)$/;

function isOfDriver(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (LOST.test(String((error as { code?: unknown }).code))) return true;
  return /\/postgres(@[\d.]+)?\/.*\bconnection\.js/.test(error.stack ?? "");
}
