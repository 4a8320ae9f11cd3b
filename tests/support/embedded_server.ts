import assert from "node:assert/strict";
import { join } from "node:path";
import { POSTGRES_PROCESS } from "./postgres.ts";

/** A process that runs `startEmbedded`, for tests that kill it, or run it as somebody else. */
export type EmbeddedServer = AsyncDisposable & {
  readonly pid: number;
  readonly url: string;
  /** What it logged until it was ready. */
  readonly log: readonly { message: string; [field: string]: unknown }[];
  kill(): Promise<void>;
};

export type EmbeddedServerOptions = {
  /** @default {Deno.execPath()} */
  program?: string;
  /** What it is given before the data folder. @default {POSTGRES_PROCESS} */
  args?: string[];
  env?: Record<string, string>;
  /** As whom it runs. */
  user?: { uid: number; gid: number };
};

function spawn(dataDir: string, options: EmbeddedServerOptions): Deno.ChildProcess {
  const { program = Deno.execPath(), args = POSTGRES_PROCESS, env = {}, user = {} } = options;
  return new Deno.Command(program, {
    args: [...args, dataDir, "--log"],
    env,
    ...user,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Starts one that is expected to come up. */
export async function startEmbeddedServer(
  dataDir: string,
  options: EmbeddedServerOptions = {},
): Promise<EmbeddedServer> {
  const child = spawn(dataDir, options);
  const stderr = new Response(child.stderr).text();
  const lines = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const log: { message: string }[] = [];
  let url: string | undefined;
  let rest = "";
  while (url === undefined) {
    const { value, done } = await lines.next();
    assert(!done, `it ended: ${done ? await stderr : ""}`);
    const parts = (rest + value).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts.map((part) => JSON.parse(part))) "url" in line ? url = line.url : log.push(line);
  }
  const finish = async () => {
    while (!(await lines.next()).done);
    await stderr;
    await child.status;
  };
  let ended = false;
  return {
    pid: child.pid,
    url,
    log,
    kill: async () => {
      ended = true;
      child.kill("SIGKILL");
      await Promise.all([child.stdin.close().catch(() => {}), child.status]);
      await lines.return?.();
      await stderr;
    },
    [Symbol.asyncDispose]: async () => {
      if (ended) return;
      await child.stdin.close();
      await finish();
    },
  };
}

/** Starts one that is expected to refuse, and returns its exit code and what it said. */
export async function refusalOf(
  dataDir: string,
  options: EmbeddedServerOptions = {},
): Promise<{ code: number; sentence: string }> {
  const child = spawn(dataDir, options);
  await child.stdin.close();
  const { code, stderr } = await child.output();
  return { code, sentence: new TextDecoder().decode(stderr).trim() };
}

/** The process number of the Postgres that runs in a data folder. */
export async function postgresPid(dataDir: string): Promise<number> {
  return Number.parseInt(await Deno.readTextFile(join(dataDir, "postgres", "postmaster.pid")));
}
