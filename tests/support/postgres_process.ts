/**
 * A Postgres for tests, as a process of its own: it prints `{"url":…}` when it is ready and stops when its standard
 * input ends, which happens in whatever way the process that started it goes.
 *
 * Usage: deno run -A postgres_process.ts DATA_DIR [--fast] [--remove] [--log]
 * `--fast`: commits do not wait for the disk. `--remove`: deletes DATA_DIR at the end. `--log`: prints what happens, a
 * JSON object a line.
 */
import { startEmbedded, StartError } from "../../db/embedded.ts";

const [dataDir = "", ...flags] = Deno.args;

function print(line: object): void {
  console.log(JSON.stringify(line));
}

try {
  await using database = await startEmbedded({
    dataDir,
    durable: !flags.includes("--fast"),
    log: (message, fields) => flags.includes("--log") && print({ message, ...fields }),
  });
  print({ url: database.url });
  for await (const _ of Deno.stdin.readable);
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  Deno.exitCode = 1;
} finally {
  if (flags.includes("--remove")) await Deno.remove(dataDir, { recursive: true });
}
