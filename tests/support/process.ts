/** The server as its users run it: a process of its own, which can be killed. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly syncUrl: string;
  /** Everything it has printed, standard output and errors. */
  output(): string;
  /** Waits until the output matches. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: Deno.Signal): void;
  readonly status: Promise<Deno.CommandStatus>;
}

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

/**
 * Starts `src/main.ts` with these variables, on a free port unless PORT says otherwise, and waits until it listens.
 *
 * @param patience how long to wait for what it prints, ms
 * @param main another program's `src/main.ts`
 */
export async function startProcess(
  env: Record<string, string>,
  patience = 30_000,
  main: string = MAIN,
): Promise<ServerProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", main],
    env: { PORT: "0", DEMO: "1", LOG_LEVEL: "warning", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = () => waiting.forEach((look) => look());
  const reading = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      wake();
    }
  }));
  const status = child.status.finally(() => {
    ended = true;
    wake();
  });
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const give = (settle: () => void) => {
        clearTimeout(timer);
        waiting.delete(look);
        settle();
      };
      const fail = (why: string) => give(() => reject(new Error(`Cannot see ${pattern}: ${why}; it printed: ${text}`)));
      const timer = setTimeout(() => fail(`${patience} ms are over`), patience);
      const look = () => {
        const match = pattern.exec(text);
        if (match) give(() => resolve(match));
        else if (ended) fail("the process has ended");
      };
      waiting.add(look);
      look();
    });
  const [, scheme, port] = await printed(/listens on (wss?):\/\/[^:\s]+:(\d+)\/sync/);
  const secure = scheme === "wss" ? "s" : "";
  return {
    pid: child.pid,
    port: Number(port),
    url: `http${secure}://127.0.0.1:${port}`,
    syncUrl: `ws${secure}://127.0.0.1:${port}/sync`,
    output: () => text,
    printed,
    kill: (signal) => child.kill(signal),
    status,
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill("SIGKILL");
      await status;
      await reading;
    },
  };
}
