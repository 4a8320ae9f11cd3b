import { join } from "node:path";
import { reasonOf, StartError } from "./start_error.ts";

/** A data folder that this process alone uses until it is disposed of. */
export type DataFolder = Disposable & {
  /** Absolute, without links, so that it can be compared with what the system says of a process. */
  readonly path: string;
  readonly owner: { readonly uid: number; readonly gid: number };
};

/**
 * Makes the data folder where it is missing and locks it. The lock is the kernel's, so it ends with the process,
 * however that ends: there are no stale ones.
 *
 * @throws {StartError} when the folder cannot be written, or another server has it.
 */
export async function openDataFolder(dataDir: string): Promise<DataFolder> {
  const lock = await openLock(dataDir);
  try {
    if (!await lock.tryLock(true)) {
      const pid = (await Deno.readTextFile(join(dataDir, "syncline.lock"))).trim();
      throw new StartError(
        `Cannot use the data folder ${dataDir}: another server (process ${pid}) is using it; ` +
          "stop that one, or set DATA_DIR to another folder.",
      );
    }
    await lock.truncate();
    await lock.write(new TextEncoder().encode(`${Deno.pid}\n`));
    const { uid, gid } = await Deno.stat(dataDir);
    const path = await Deno.realPath(dataDir);
    const owner = { uid: uid ?? 0, gid: gid ?? 0 };
    if (Deno.uid() === 0) await Deno.chown(join(path, "syncline.lock"), owner.uid, owner.gid);
    return { path, owner, [Symbol.dispose]: () => lock.close() };
  } catch (error) {
    lock.close();
    throw error;
  }
}

async function openLock(dataDir: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(dataDir, { recursive: true });
    return await Deno.open(join(dataDir, "syncline.lock"), { create: true, read: true, write: true });
  } catch (cause) {
    throw new StartError(
      `Cannot use the data folder ${dataDir}: ${describe(cause)}; set DATA_DIR to a folder that this user may write.`,
      { cause },
    );
  }
}

function describe(error: unknown): string {
  // Deno itself refuses folders like /proc, with advice that is of no use to an operator.
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "it is not writable";
  }
  if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
    return "it is not a folder";
  }
  return reasonOf(error).replace(/\.$/, "");
}

/** Writes a file that only its owner reads, in one step and to disk: a crash leaves the old text or the new. */
export async function writePrivate(
  folder: Pick<DataFolder, "path" | "owner">,
  name: string,
  text: string,
): Promise<void> {
  const fresh = join(folder.path, `${name}.new`);
  {
    using file = await Deno.open(fresh, { write: true, create: true, truncate: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  }
  // Root works here for the folder's owner, who may start the server without root the next time.
  if (Deno.uid() === 0) await Deno.chown(fresh, folder.owner.uid, folder.owner.gid);
  await Deno.rename(fresh, join(folder.path, name));
}
