import type { TransactionSql } from "postgres";
import { isSealed, type SecretBox, SecretKeyError, type SecretRow } from "./secret_box.ts";
import type { Sql } from "./sql.ts";

/** Advisory lock of whoever encrypts. */
const LOCK = 728;
/** Under this key `meta` holds a known text, encrypted: a wrong key is found also where there is no secret yet. */
const CHECK = "secret_check";
const CHECK_ROW: SecretRow = { id: CHECK, instance: 0, kind: CHECK };
const CHECK_TEXT = "syncline";

/** Whether anything in this database is encrypted. */
export async function hasSealedSecrets(sql: Sql | TransactionSql): Promise<boolean> {
  return (await sql`select from meta where key = ${CHECK}`).length > 0;
}

/**
 * Makes sure that the keys are those of this database, and encrypts with the box's own key what is not: clear secrets of
 * earlier starts, and those under a former key. Safe for several servers that start at once.
 *
 * @returns how many secrets were encrypted, or encrypted anew
 * @throws {SecretKeyError} when a key is missing or wrong; nothing was changed.
 */
export async function prepareSecrets(sql: Sql, box: SecretBox): Promise<number> {
  const { changed, hadClear } = await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${LOCK})`;
    await checkKey(tx, box);
    return box.encrypts ? await encryptRows(tx, box) : { changed: 0, hadClear: false };
  });
  // the rows' former texts would lie in the table's file until something else is written there
  if (hadClear) await sql`vacuum full secret`;
  return changed;
}

async function checkKey(tx: TransactionSql, box: SecretBox): Promise<void> {
  const [check] = await tx<{ value: string }[]>`select value from meta where key = ${CHECK}`;
  if (check !== undefined && !box.encrypts) {
    throw new SecretKeyError(
      "Cannot start: the secrets in this database are encrypted, but SECRET_KEY is not set. " +
        "Set it to the key they were encrypted with.",
    );
  }
  if (check !== undefined && await box.open(check.value, CHECK_ROW).catch(() => undefined) !== CHECK_TEXT) {
    throw new SecretKeyError(
      "Cannot start: SECRET_KEY is not the key that the secrets in this database were encrypted with. " +
        "Set that one; to change it, name it in SECRET_KEY_OLD.",
    );
  }
  if (!box.encrypts || (check !== undefined && await box.isCurrent(check.value, CHECK_ROW))) return;
  const value = await box.seal(CHECK_TEXT, CHECK_ROW);
  await tx`insert into meta values (${CHECK}, ${value}) on conflict (key) do update set value = excluded.value`;
}

async function encryptRows(tx: TransactionSql, box: SecretBox): Promise<{ changed: number; hadClear: boolean }> {
  const rows = await tx<(SecretRow & { secret: string })[]>`
    select id, instance, kind, secret from secret where revoked_at is null order by id for update`;
  let changed = 0;
  for (const { secret, ...row } of rows) {
    if (await box.isCurrent(secret, row)) continue;
    const text = await box.open(secret, row).catch((cause) => {
      throw new SecretKeyError(`Cannot start: ${String(cause.message).replace(/^C/, "c")}.`, { cause });
    });
    await tx`update secret set secret = ${await box.seal(text, row)} where id = ${row.id}`;
    changed++;
  }
  return { changed, hadClear: rows.some((row) => !isSealed(row.secret)) };
}
