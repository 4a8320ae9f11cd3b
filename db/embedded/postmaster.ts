import { join } from "node:path";
import { delay } from "es-toolkit";
import { type Cluster, lastLine } from "./cluster.ts";
import { commandAs } from "./identity.ts";

/** How often, in ms, a state that the system does not announce is looked at. */
const LOOK_EVERY = 10;
/** How long, in ms, a stop may take before it is repeated with more force; together less than the 30 s of OPS-3. */
const FAST_LIMIT = 15_000;
const IMMEDIATE_LIMIT = 5_000;

/** A Postgres that is starting or running, our own child. */
export type Postmaster = {
  readonly pid: number;
  /** Resolves with true when it accepts connections, with false when it ended before. */
  readonly ready: Promise<boolean>;
  /** Resolves when it has ended, with the reason in its own words. */
  readonly ended: Promise<string>;
  /** Ends it, at first letting it write all it knows. */
  stop(): Promise<void>;
};

export type PostmasterOptions = {
  readonly cluster: Cluster;
  readonly port: number;
  readonly durable: boolean;
  /** Its cache of pages, MB. */
  readonly cacheMb: number;
  readonly onLine: (line: string) => void;
};

/** Starts Postgres in a session of its own, where Ctrl-C at our terminal does not reach it: we have to drain first. */
export function startPostmaster({ cluster, port, durable, cacheMb, onLine }: PostmasterOptions): Postmaster {
  const args = ["-D", cluster.path, ...settings(port, durable, cacheMb).flatMap((setting) => ["-c", setting])];
  const command = commandAs(cluster.identity, cluster.binaries, cluster.binaries.postgres, args);
  const child = command({ stdin: "null", stdout: "null", stderr: "piped", detached: true }).spawn();
  const said = readLines(child.stderr, onLine);
  let running = true;
  const ended = Promise.all([child.status, said]).then(([status, lines]) => {
    running = false;
    return status.signal ? `killed by ${status.signal}` : lastLine(lines.join("\n"));
  });
  const exited = child.status.then(() => running = false);
  return {
    pid: child.pid,
    ready: waitUntilReady(cluster.path, child.pid, () => running),
    ended,
    stop: async () => {
      await stopProcess(exited, (signal) => child.kill(signal));
      await ended;
    },
  };
}

/** Sends the signals of Postgres' fast, then immediate shutdown, then SIGKILL, until `exited` settles. */
export async function stopProcess(exited: Promise<unknown>, kill: (signal: Deno.Signal) => void): Promise<void> {
  for (const [signal, limit] of [["SIGINT", FAST_LIMIT], ["SIGQUIT", IMMEDIATE_LIMIT], ["SIGKILL", 0]] as const) {
    try {
      kill(signal);
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) throw error;
      // gone already
    }
    if (limit === 0 || await settles(exited, limit)) break;
  }
  await exited;
}

async function settles(promise: Promise<unknown>, limit: number): Promise<boolean> {
  const enough = new AbortController();
  const late = delay(limit, { signal: enough.signal }).then(() => false, () => true);
  const settled = await Promise.race([promise.then(() => true), late]);
  enough.abort();
  return settled;
}

/** Postgres tells its state in the eighth line of `postmaster.pid`. There is no limit: recovery may take minutes. */
async function waitUntilReady(path: string, pid: number, running: () => boolean): Promise<boolean> {
  while (running()) {
    const lines = (await Deno.readTextFile(join(path, "postmaster.pid")).catch(() => "")).split("\n");
    if (lines[0] === String(pid) && lines[7]?.trim() === "ready") return true;
    await delay(LOOK_EVERY);
  }
  return false;
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<string[]> {
  const lines: string[] = [];
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      lines.push(line);
      if (lines.length > 20) lines.shift();
      onLine(line);
    }
  }
  return lines;
}

/**
 * Given on the command line, so that they hold for databases made by any version of the server. Whoever wants others
 * uses a Postgres of their own.
 */
function settings(port: number, durable: boolean, cacheMb: number): string[] {
  const onDisk = durable ? "on" : "off";
  return [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    "unix_socket_directories=",
    // PUSH-3: whatever was answered true survives.
    `fsync=${onDisk}`,
    `synchronous_commit=${onDisk}`,
    `full_page_writes=${onDisk}`,
    "max_connections=100",
    `shared_buffers=${cacheMb}MB`,
    // When a lot is stored, every user's pages are others, and after each checkpoint the first change of each is logged
    // with the whole page. Compressing it would cost three times the rest of a push; without, the log must have room
    // for all of it, or the next checkpoint comes before the end.
    "wal_compression=off",
    "max_wal_size=8GB",
    "huge_pages=off",
    "timezone=UTC",
    "log_timezone=UTC",
    // Statements are short and their plans known: compiling them, or sharing them out, costs more than it gives, and
    // containers have little of the shared memory that sharing takes.
    "jit=off",
    "max_parallel_workers_per_gather=0",
    // The client is told of its errors. Here they, or their statements, would bring payloads into the log.
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_checkpoints=off",
    "log_line_prefix=",
  ];
}
