import { join } from "node:path";
import type { Log } from "../actors/runtime.ts";
import { writePrivate } from "../db/embedded/folder.ts";
import { CLEAR, encryptingBox, type SecretBox, SecretKeyError } from "../db/secret_box.ts";
import { hasSealedSecrets, prepareSecrets } from "../db/secret_rows_postgres.ts";
import { openSql, type Sql } from "../db/sql.ts";
import type { Config } from "./config.ts";

/** In the data folder of an embedded database, where SECRET_KEY was never set. */
export const KEY_FILE = "secret.key";

/** As of SECRET_KEY: a file that was cut off must not be taken for a key. */
const SHORTEST_KEY = 16;

export type SecretsOptions = {
  config: Pick<Config, "secretKey" | "secretKeyOld">;
  databaseUrl: string;
  /** Folder of the embedded database; absent for any other one. */
  dataDir?: string | undefined;
  log: Log;
};

/**
 * Finds the key for secrets at rest and encrypts what is not encrypted with it yet. The database is migrated already.
 *
 * @throws {SecretKeyError} when a key is missing or wrong.
 */
export async function openSecrets({ config, databaseUrl, dataDir, log }: SecretsOptions): Promise<SecretBox> {
  const sql = openSql(databaseUrl, { max: 1 });
  try {
    const [key, ...older] = await findKeys(sql, config, dataDir);
    const box = key === undefined ? CLEAR : await encryptingBox(key, older);
    const encrypted = await prepareSecrets(sql, box);
    if (encrypted > 0) log("info", "secrets were encrypted", { count: encrypted });
    if (!box.encrypts) log("warning", "secrets are stored in clear: set SECRET_KEY to have them encrypted");
    return box;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The key to encrypt with, then those that may still be needed for reading; none: nothing is encrypted. */
async function findKeys(
  sql: Sql,
  { secretKey, secretKeyOld }: SecretsOptions["config"],
  dataDir: string | undefined,
): Promise<string[]> {
  const own = dataDir === undefined ? undefined : await readKeyFile(dataDir);
  const keys = [secretKey, secretKeyOld, own].filter((key) => key !== undefined);
  return keys.length > 0 || dataDir === undefined ? keys : [await makeKeyFile(sql, dataDir)];
}

async function readKeyFile(dataDir: string): Promise<string | undefined> {
  const path = join(dataDir, KEY_FILE);
  try {
    const key = (await Deno.readTextFile(path)).trim();
    if (key.length < SHORTEST_KEY) throw new Error(`it holds fewer than ${SHORTEST_KEY} characters`);
    return key;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SecretKeyError(`Cannot start: the key file ${path} cannot be used: ${reason}.`);
  }
}

async function makeKeyFile(sql: Sql, dataDir: string): Promise<string> {
  if (await hasSealedSecrets(sql)) {
    throw new SecretKeyError(
      `Cannot start: the secrets in this database are encrypted, but the key file ${
        join(dataDir, KEY_FILE)
      } is missing ` +
        "and SECRET_KEY is not set. Put the file back, or set SECRET_KEY to its content.",
    );
  }
  const key = crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
  const { uid, gid } = await Deno.stat(dataDir);
  await writePrivate({ path: dataDir, owner: { uid: uid ?? 0, gid: gid ?? 0 } }, KEY_FILE, `${key}\n`);
  return key;
}
