import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "vite";

/** Files below this size travel as they are. */
const WORTH_COMPRESSING = 1024;
/** A build takes seconds: a folder that old belongs to none. */
const ABANDONED_MS = 10 * 60_000;
const COMPRESSIBLE = /\.(?:js|css|svg|html|json)$/;

/**
 * Builds into a folder beside `dist` and renames it at the end, so that a half-built console is never served; every
 * text asset gets a `.br` and a `.gz` beside it.
 */
export async function bundle(dist: URL): Promise<void> {
  const target = pathOf(dist);
  const fresh = `${target}.${crypto.randomUUID().slice(0, 8)}`;
  await removeAbandoned(target);
  try {
    await build({
      configFile: pathOf(new URL("./vite.config.ts", import.meta.url)),
      logLevel: "warn",
      build: { outDir: fresh, emptyOutDir: true },
    });
    await compressFolder(fresh);
    await replace(fresh, target);
  } catch (error) {
    await Deno.remove(fresh, { recursive: true }).catch(() => {});
    throw error;
  }
}

/** What builds left behind that were stopped on their way. */
async function removeAbandoned(target: string): Promise<void> {
  const [parent, name] = [target.slice(0, target.lastIndexOf("/")), target.slice(target.lastIndexOf("/") + 1)];
  for await (const entry of Deno.readDir(parent)) {
    if (!entry.isDirectory || !entry.name.startsWith(`${name}.`)) continue;
    const { mtime } = await Deno.stat(`${parent}/${entry.name}`);
    if (mtime === null || Date.now() - mtime.getTime() < ABANDONED_MS) continue;
    await Deno.remove(`${parent}/${entry.name}`, { recursive: true }).catch(() => {});
  }
}

/** Two builds may end at once: whoever finds the other's folder in the way takes it away again. */
async function replace(fresh: string, target: string, tries = 3): Promise<void> {
  await Deno.remove(target, { recursive: true }).catch(() => {});
  try {
    await Deno.rename(fresh, target);
  } catch (error) {
    if (tries === 0) throw error;
    await replace(fresh, target, tries - 1);
  }
}

function pathOf(file: URL): string {
  return decodeURIComponent(file.pathname).replace(/\/$/, "");
}

async function compressFolder(folder: string): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) await compressFolder(path);
    else if (COMPRESSIBLE.test(entry.name) && entry.name !== "index.html") await compressFile(path);
  }
}

async function compressFile(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  if (bytes.length < WORTH_COMPRESSING) return;
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    promisify(gzip)(bytes, { level: 9 }),
  ]);
  await Promise.all([Deno.writeFile(`${path}.br`, br), Deno.writeFile(`${path}.gz`, gz)]);
}
