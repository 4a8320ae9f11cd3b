import { join, resolve } from "node:path";
import { findBinaries } from "./embedded/binaries.ts";
import { createCluster, NAME, openAccess } from "./embedded/cluster.ts";
import { type DataFolder, openDataFolder } from "./embedded/folder.ts";
import { chooseIdentity } from "./embedded/identity.ts";
import { stopLeftover } from "./embedded/leftover.ts";
import { reasonOf, StartError } from "./embedded/start_error.ts";
import { Supervisor } from "./embedded/supervisor.ts";

export { StartError } from "./embedded/start_error.ts";

export type EmbeddedOptions = {
  /** The data folder; the database is in its folder `postgres`. Made where it is missing. */
  readonly dataDir: string;
  /** Told of starts, restarts and take-overs, and of each line that Postgres prints. */
  readonly log: (message: string, fields?: object) => void;
  /** Called each time Postgres ended without being told to; it is being started again then. */
  readonly onExit?: (exit: { pid: number; reason: string }) => void;
  /**
   * Whether what is committed survives a crash (PUSH-3). Only tests that crash nothing may turn it off.
   *
   * @default {true}
   */
  readonly durable?: boolean;
  /**
   * Postgres' own cache of pages, MB. Worth more when many users have ops stored: two pages each are in use.
   *
   * @default {256}
   */
  readonly cacheMb?: number;
};

/** A running Postgres that belongs to this server. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** Where its database is, with the password in it; the same for as long as the server lives. Never to be logged. */
  readonly url: string;
  /** Stops it, after it has written all it knows; within 20 s. Repeated calls wait for the same stop. */
  stop(): Promise<void>;
}

/**
 * Starts the Postgres that is used when DATABASE_URL is absent (OPS-1), and makes its database at the first start.
 * Should Postgres die, it is started again on the same port. Should this process die, Postgres goes on; the next start
 * on the same folder stops it and starts its own.
 *
 * @throws {StartError} when the folder cannot be used, another server uses it, or Postgres does not come up.
 *
 * @example
 * ```ts
 * await using database = await startEmbedded({ dataDir: "./data", log: console.log });
 * const sql = postgres(database.url);
 * ```
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  try {
    using onFailure = new DisposableStack();
    const folder = onFailure.use(await openDataFolder(dataDir));
    const { supervisor, url } = await startIn(folder, options);
    onFailure.move();
    let stopped: Promise<void> | undefined;
    const stop = () => stopped ??= supervisor.stop().finally(() => folder[Symbol.dispose]());
    return { url, stop, [Symbol.asyncDispose]: stop };
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(`Cannot start the embedded Postgres in ${dataDir}: ${reasonOf(cause)}`, { cause });
  }
}

async function startIn(folder: DataFolder, options: EmbeddedOptions): Promise<{ supervisor: Supervisor; url: string }> {
  const { log, onExit = () => {}, durable = true, cacheMb = 256 } = options;
  const path = join(folder.path, "postgres");
  const leftover = await stopLeftover(path);
  if (leftover) log("an earlier server left its Postgres behind", leftover);
  const binaries = await findBinaries(join(folder.path, "postgres-lib"));
  const identity = await chooseIdentity(folder, binaries);
  const cluster = { folder, binaries, identity, path };
  const created = await createCluster(cluster);
  const supervisor = new Supervisor({ cluster, access: await openAccess(cluster), durable, cacheMb, log, onExit });
  const { port, password } = await supervisor.start();
  log("the embedded Postgres is ready", { path, port, as: identity.name, created });
  return { supervisor, url: `postgres://${NAME}:${password}@127.0.0.1:${port}/${NAME}` };
}
