import { fileURLToPath } from "node:url";

/** A Postgres that tests share. It ends with this process at the latest, and takes its folder with it. */
export type TestPostgres = {
  readonly url: string;
  stop(): Promise<void>;
};

/** What `deno` is given to run `postgres_process.ts`. */
export const POSTGRES_PROCESS = [
  "run",
  "-A",
  `--config=${fileURLToPath(new URL("../../deno.json", import.meta.url))}`,
  fileURLToPath(new URL("./postgres_process.ts", import.meta.url)),
];

/**
 * Starts a Postgres in a new temporary folder. It does not wait for the disk: tests of durability start their own with
 * `startEmbedded`.
 *
 * @throws {Error} when it does not come up; its reason is on standard error.
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await Deno.makeTempDir({ prefix: "syncline-tests-" });
  const child = new Deno.Command(Deno.execPath(), {
    args: [...POSTGRES_PROCESS, folder, "--fast", "--remove"],
    stdin: "piped",
    stdout: "piped",
    // Ctrl-C is for us: it would end the process before its Postgres is stopped.
    detached: true,
  }).spawn();
  child.unref();
  const { url } = JSON.parse(await firstLine(child.stdout));
  return {
    url,
    stop: async () => {
      child.ref();
      await child.stdin.close();
      await child.status;
    },
  };
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let line = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    line += text;
    if (line.includes("\n")) return line;
  }
  throw new Error("Cannot start a Postgres for the tests: it ended before it was ready.");
}
