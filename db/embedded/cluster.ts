import { join } from "node:path";
import { z } from "zod";
import type { Binaries } from "./binaries.ts";
import { type DataFolder, writePrivate } from "./folder.ts";
import { commandAs, type Identity } from "./identity.ts";
import { StartError } from "./start_error.ts";

/** The role, and the database, that the server uses. */
export const NAME = "syncline";

/** Where Postgres listens, and the password that opens it. Kept in the data folder, for its owner's eyes only. */
const Access = z.object({ port: z.int().min(1).max(65535), password: z.string().min(1) });
export type Access = z.infer<typeof Access>;

const ACCESS_FILE = "postgres.json";

/** Only over loopback, and only with the password: other users of the machine can reach the port too. */
const HBA = "# Written by Syncline.\nhost all all 127.0.0.1/32 scram-sha-256\n";

/**
 * Ports are chosen below the range from which systems take the local ends of outgoing connections, since while
 * Postgres restarts one of those could take its port.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_767;

/** What it takes to run a program on the database's files. */
export type Cluster = {
  readonly folder: DataFolder;
  readonly binaries: Binaries;
  readonly identity: Identity;
  /** Postgres' own data directory. */
  readonly path: string;
};

/**
 * Makes the database where it is missing. It is built beside its place and moved there when it is complete, so a crash
 * in between leaves nothing half made.
 *
 * @returns whether it was made now.
 * @throws {StartError} when `initdb` fails.
 */
export async function createCluster(cluster: Cluster): Promise<boolean> {
  if (await Deno.stat(join(cluster.path, "PG_VERSION")).then(() => true, () => false)) return false;
  const fresh = `${cluster.path}.new`;
  await Deno.remove(fresh, { recursive: true }).catch(() => {});
  await Deno.mkdir(fresh, { mode: 0o700 });
  const { owner } = cluster.identity;
  if (owner) await Deno.chown(fresh, owner.uid, owner.gid);
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const args = ["-D", fresh, `--username=${NAME}`, "--auth=trust", "--no-instructions", ...locale];
  await run(cluster, cluster.binaries.initdb, args);
  await Deno.writeTextFile(join(fresh, "pg_hba.conf"), HBA);
  await alone({ ...cluster, path: fresh }, `CREATE DATABASE ${NAME}`);
  await Deno.rename(fresh, cluster.path);
  return true;
}

/**
 * Reads port and password. When they are missing, as in a data folder of which only the database was restored, they
 * are made anew. A port that another program has taken since is replaced.
 */
export async function openAccess(cluster: Cluster): Promise<Access> {
  const known = await readAccess(cluster.folder);
  if (known && portIsFree(known.port)) return known;
  const password = known?.password ?? randomPassword();
  if (!known) await alone(cluster, `ALTER ROLE ${NAME} PASSWORD '${password}'`);
  return await saveAccess(cluster.folder, { port: freePort(), password });
}

/** Takes another port and remembers it. */
export async function moveAccess(folder: DataFolder, access: Access): Promise<Access> {
  return await saveAccess(folder, { ...access, port: freePort() });
}

async function readAccess(folder: DataFolder): Promise<Access | undefined> {
  try {
    return Access.parse(JSON.parse(await Deno.readTextFile(join(folder.path, ACCESS_FILE))));
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw error;
    return undefined; // missing or spoilt: both are repaired
  }
}

async function saveAccess(folder: DataFolder, access: Access): Promise<Access> {
  await writePrivate(folder, ACCESS_FILE, `${JSON.stringify(access)}\n`);
  return access;
}

function randomPassword(): string {
  return crypto.getRandomValues(new Uint8Array(24)).toHex();
}

function freePort(): number {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    if (portIsFree(port)) return port;
  }
  throw new StartError(`Cannot start the embedded Postgres: no free port from ${FIRST_PORT} to ${LAST_PORT}.`);
}

function portIsFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

/** Runs one statement with no server: Postgres' single-user mode, which asks for no password. */
async function alone(cluster: Cluster, statement: string): Promise<void> {
  await run(cluster, cluster.binaries.postgres, ["--single", "-D", cluster.path, "postgres"], `${statement};\n`);
}

async function run(cluster: Cluster, program: string, args: string[], input = ""): Promise<void> {
  const command = commandAs(cluster.identity, cluster.binaries, program, args);
  const child = command({ stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
  const { success, stderr } = await child.output();
  const said = new TextDecoder().decode(stderr);
  // Single-user mode exits with 0 after a statement failed.
  if (success && !/^(ERROR|FATAL|PANIC)|[\] ](ERROR|FATAL|PANIC): /m.test(said)) return;
  throw new StartError(`Cannot prepare the embedded Postgres in ${cluster.path}: ${lastLine(said)}`);
}

/** What went wrong, of all that a program of Postgres said. */
export function lastLine(said: string): string {
  const lines = said.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const line = lines.findLast((line) => /(FATAL|ERROR|PANIC|error):/.test(line)) ?? lines.at(-1) ?? "no reason given";
  return line.replace(/^.*?(FATAL|ERROR|PANIC|error):\s*/, "");
}
