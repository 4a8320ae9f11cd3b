import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EmbeddedServerOptions } from "./embedded_server.ts";
import { POSTGRES_PROCESS } from "./postgres.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const NOBODY = 65_534;

/** The installed packages are another's: they are taken as they are, not brought up to date. */
export const AS_INSTALLED = ["--node-modules-dir=manual", "--cached-only"];

/** A user without any rights, whom root lets run the server. */
export type OtherUser = AsyncDisposable & {
  readonly uid: number;
  /** For `startEmbeddedServer`. */
  readonly options: EmbeddedServerOptions;
  /** A folder that this user owns. */
  readonly home: string;
};

/** Whether tests can act as another user: only root can, and only where the project is not root's secret. */
export async function canBeOtherUser(): Promise<boolean> {
  if (Deno.uid() !== 0) return false;
  const readable = new Deno.Command("test", { args: ["-r", join(PROJECT, "deno.json")], uid: NOBODY, gid: NOBODY });
  return (await readable.output()).success;
}

/** Prepares a home, and a copy of Deno, which may lie where only root may look. */
export async function otherUser(): Promise<OtherUser> {
  const folder = await Deno.makeTempDir({ prefix: "syncline-user-" });
  await Deno.chmod(folder, 0o755);
  const deno = join(folder, "deno");
  await Deno.copyFile(Deno.execPath(), deno);
  const home = join(folder, "home");
  await Deno.mkdir(home);
  await Deno.chown(home, NOBODY, NOBODY);
  return {
    uid: NOBODY,
    home,
    options: {
      program: deno,
      args: POSTGRES_PROCESS.flatMap((arg) => arg === "run" ? [arg, ...AS_INSTALLED] : arg),
      env: { HOME: home, DENO_DIR: join(home, "deno") },
      user: { uid: NOBODY, gid: NOBODY },
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
