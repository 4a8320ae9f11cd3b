import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A copy of the server that is wrong on purpose. */
export type BrokenBuild = AsyncDisposable & { readonly main: string };

export type Patch = { readonly file: string; readonly right: string; readonly wrong: string };

/** How a server can break PUSH-3, each as the one place that is changed. */
export const BREAKS = {
  /** The answer does not wait for the commit. */
  early: {
    file: "src/push.ts",
    right: "  const result = await append(op);\n",
    wrong:
      '  append(op).catch(() => {});\n  return { success: true, msg: "NOT_ONLINE" };\n  const result = null as never;\n',
  },
  /** The commit does not wait for the disk. */
  async: {
    file: "db/sql.ts",
    right: '      synchronous_commit: "on",\n',
    wrong: '      synchronous_commit: "off",\n',
  },
} satisfies Record<string, Patch>;

export type Break = keyof typeof BREAKS;

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** All that a server needs to run. */
const PARTS = ["src", "actors", "db", "sdk", "console", "deno.json", "deno.lock"];

/**
 * Copies the source tree into a temporary folder and changes one place.
 *
 * @throws when the place is not there, or more than once: the script has to follow the code
 */
export async function breakOpen(kind: Break): Promise<BrokenBuild> {
  const folder = await Deno.makeTempDir({ prefix: "syncline-broken-" });
  try {
    for (const part of PARTS) await copy(join(ROOT, part), join(folder, part));
    await Deno.symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await patch(folder, BREAKS[kind]);
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
  return {
    main: join(folder, "src/main.ts"),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function patch(folder: string, change: Patch): Promise<void> {
  const path = join(folder, change.file);
  await Deno.writeTextFile(path, patched(await Deno.readTextFile(path), change));
}

/** @throws when the place is not in the source exactly once */
export function patched(source: string, { file, right, wrong }: Patch): string {
  const places = source.split(right).length - 1;
  if (places === 1) return source.replace(right, () => wrong);
  throw new Error(`Cannot break the build: ${file} has ${places} places that read ${JSON.stringify(right)}, not one`);
}

async function copy(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) {
    await Deno.mkdir(dirname(to), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    if (name !== "node_modules") await copy(join(from, name), join(to, name));
  }
}
