import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import type { DataFolder } from "./folder.ts";
import { StartError } from "./start_error.ts";

/**
 * As whom Postgres runs. It refuses to run as root, so a root server has to make it someone else who can still read
 * the programs and write the data folder, even when both lie where only root may look.
 */
export type Identity = {
  readonly name: string;
  /** Words put before the command. */
  readonly prefix: readonly string[];
  /** Given to the system call that starts the command. */
  readonly user: { readonly uid?: number; readonly gid?: number };
  /** Who owns the database's files; absent: whoever we are. */
  readonly owner?: { readonly uid: number; readonly gid: number };
};

const NOBODY = { uid: 65534, gid: 65534 };
const OURSELVES: Identity = { name: "this user", prefix: [], user: {} };

/**
 * Root with another name: the kernel still sees root's files as its own, but Postgres sees a user who is not root, and
 * root's other powers are gone.
 */
const NAMESPACE: Identity = {
  name: "root in a user namespace",
  prefix: ["unshare", "--user", `--map-user=${NOBODY.uid}`, `--map-group=${NOBODY.gid}`],
  user: {},
  owner: { uid: 0, gid: 0 },
};

/** Another user, who reaches only what the permissions let everybody reach. */
function plain(owner: { uid: number; gid: number }): Identity {
  return { name: `user ${owner.uid}`, prefix: [], user: owner, owner };
}

/** Another user, who may read everything. Postgres asks `access()`, which drops this power unless told not to. */
function reading(owner: { uid: number; gid: number }): Identity {
  const only = "-all,+dac_read_search";
  return {
    name: `user ${owner.uid}, who may read all files`,
    prefix: [
      "setpriv",
      "--securebits=+no_setuid_fixup",
      `--reuid=${owner.uid}`,
      `--regid=${owner.gid}`,
      "--clear-groups",
      `--inh-caps=${only}`,
      `--ambient-caps=${only}`,
      `--bounding-set=${only}`,
    ],
    user: {},
    owner,
  };
}

/**
 * Chooses by trying: whoever can run the program and write below the data folder.
 *
 * @throws {StartError} when nobody can.
 */
export async function chooseIdentity(folder: DataFolder, binaries: Binaries): Promise<Identity> {
  if (Deno.uid() !== 0) return OURSELVES;
  const cluster = await Deno.stat(join(folder.path, "postgres")).catch(() => undefined);
  const owner = cluster ? { uid: cluster.uid ?? 0, gid: cluster.gid ?? 0 } : folder.owner;
  const candidates = owner.uid === 0 ? [NAMESPACE, plain(NOBODY), reading(NOBODY)] : [plain(owner), reading(owner)];
  for (const candidate of candidates) {
    if (await works(candidate, folder, binaries)) return candidate;
  }
  throw new StartError(
    `Cannot start the embedded Postgres as root: no other user of this machine can use ${folder.path}; ` +
      "start the server as an ordinary user, or set DATABASE_URL to a Postgres of your own.",
  );
}

async function works(identity: Identity, folder: DataFolder, binaries: Binaries): Promise<boolean> {
  const trial = join(folder.path, `trial-${crypto.randomUUID()}`);
  await Deno.mkdir(trial, { mode: 0o700 });
  try {
    if (identity.owner) await Deno.chown(trial, identity.owner.uid, identity.owner.gid);
    const script = '"$1" --version && : > "$2/file" && test -x "$1"';
    const command = commandAs(identity, binaries, "sh", ["-c", script, "sh", binaries.postgres, trial]);
    return (await command({ stdin: "null", stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false; // no such program as the prefix, or no such user
  } finally {
    await Deno.remove(trial, { recursive: true });
  }
}

/**
 * Prepares a program of Postgres to run as `identity`, with none of our own environment, since that holds secrets.
 */
export function commandAs(identity: Identity, binaries: Binaries, program: string, args: string[]) {
  const [first = program, ...rest] = [...identity.prefix, program];
  const env = { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin", LC_ALL: "C", ...binaries.env };
  return (options: Deno.CommandOptions): Deno.Command =>
    new Deno.Command(first, {
      args: [...rest, ...args],
      cwd: "/",
      clearEnv: true,
      env,
      ...identity.user,
      ...options,
    });
}
