import { freePort } from "../support/product.ts";

/** A message server on loopback with its data in a temporary folder; both end with it. */
export interface System extends AsyncDisposable {
  /** CPU time that its processes have used, s. */
  cpu(): number;
  /** A sender that many share. */
  publisher(): Promise<Publisher>;
  /** Connects consumers of the users 0 to `count` - 1, each on a connection of its own, which acknowledge at once. */
  consumers(count: number, onMessage: (mid: string) => void): Promise<AsyncDisposable>;
}

export interface Publisher extends AsyncDisposable {
  /** Resolves when the server has acknowledged the message. */
  publish(user: number, mid: string): Promise<void>;
}

/** A way to run a server that can be compared. */
export type Candidate = {
  /** With the settings that decide what an acknowledgement is worth. */
  name: string;
  /** Starts it. `stored`: messages of so many users must be kept though none of them was ever connected. */
  start(stored: number): Promise<System>;
};

/** What is sent, of the same size everywhere. */
export const textOf = (mid: string) => `${mid} hello, a message of usual size`;
export const midOf = (text: string) => text.slice(0, text.indexOf(" "));

export type Daemon = AsyncDisposable & { port: number; pid: number; folder: string };

/**
 * Starts a program that listens on a port, with a config in a temporary folder that both get as arguments.
 *
 * @param prepare is called before the start, with the folder.
 * @throws when it does not listen within 10 s.
 */
export async function startDaemon(
  command: string,
  config: (port: number, folder: string) => string,
  prepare: (folder: string) => Promise<void> = () => Promise.resolve(),
): Promise<Daemon> {
  const folder = await Deno.makeTempDir({ prefix: "syncline-peer-" });
  await prepare(folder);
  const port = freePort();
  await Deno.writeTextFile(`${folder}/server.conf`, config(port, folder));
  const child = new Deno.Command(command, { args: ["-c", `${folder}/server.conf`], stdout: "null", stderr: "null" })
    .spawn();
  const dispose = async () => {
    child.kill("SIGTERM");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await listening(port);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { port, pid: child.pid, folder, [Symbol.asyncDispose]: dispose };
}

async function listening(port: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (connection) return connection.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("Cannot measure: the server does not listen");
}

/** What a program prints about its version; undefined where it is not installed. */
export async function versionOf(command: string, arg: string): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(command, { args: [arg], stderr: "null" }).output();
    return /\d+\.\d+\.\d+/.exec(new TextDecoder().decode(stdout))?.[0];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
