import { join } from "node:path";
import { delay } from "es-toolkit";
import { stopProcess } from "./postmaster.ts";
import { StartError } from "./start_error.ts";

/** What became of the Postgres that `postmaster.pid` names. "unclear": Postgres itself has to judge. */
export type Leftover = { pid: number; is: "stopped" | "gone" | "another program" | "unclear" };

/**
 * Stops the Postgres that a killed server left behind. We do not go on with it: a process that is not our child cannot
 * be supervised, and stopping it costs a fraction of a second.
 *
 * @param path Postgres' data directory; the caller holds the data folder's lock, so no living server uses it.
 * @throws {StartError} when it runs as a user whose processes we may not end.
 */
export async function stopLeftover(path: string): Promise<Leftover | undefined> {
  const file = join(path, "postmaster.pid");
  const pid = Number.parseInt(await Deno.readTextFile(file).catch(() => ""));
  if (!(pid > 0)) return undefined;
  const first = await judge(pid, path);
  if (first === "another program") {
    // After a restart of the machine or the container somebody else has this number, and Postgres would not start.
    await Deno.remove(file);
  }
  if (first !== "ours") return { pid, is: first };
  try {
    await stopProcess(waitUntilGone(pid, path), (signal) => Deno.kill(pid, signal));
  } catch (cause) {
    throw new StartError(
      `Cannot take over the Postgres (process ${pid}) that an earlier server left behind: it is another user's; ` +
        `stop it, or start the server as that user.`,
      { cause },
    );
  }
  return { pid, is: "stopped" };
}

async function waitUntilGone(pid: number, path: string): Promise<void> {
  while (await judge(pid, path) === "ours") await delay(20);
}

/** A process number alone says nothing, since numbers are used again. Postgres works inside its data directory. */
async function judge(pid: number, path: string): Promise<"ours" | "gone" | "another program" | "unclear"> {
  const folder = await ask("readlink", [`/proc/${pid}/cwd`]);
  if (folder) return folder === path ? "ours" : "another program";
  const command = await ask("ps", ["-o", "args=", "-p", String(pid)]) ?? await ask("cat", [`/proc/${pid}/cmdline`]);
  if (command === undefined) return "unclear";
  if (command === "" || command.includes("<defunct>")) return "gone";
  return command.includes(path) ? "ours" : "another program";
}

/** @returns what the program printed; "" when it found nothing; undefined when there is no such program. */
async function ask(program: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(program, { args, stdin: "null", stderr: "null" }).output();
    return new TextDecoder().decode(stdout).replaceAll("\0", " ").trim();
  } catch {
    return undefined;
  }
}
