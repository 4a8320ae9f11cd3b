import assert from "node:assert/strict";
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import { CLEAR, encryptingBox, isSealed, SecretKeyError } from "../../db/secret_box.ts";
import { prepareSecrets } from "../../db/secret_rows_postgres.ts";
import type { Sql } from "../../db/sql.ts";
import { ACTOR, type CatalogDatabase, catalogDatabase } from "../support/catalog.ts";

const KEY = "a key of the operator's, long enough";
const OTHER = "another key of the operator's";
const ROW = { id: "s-1", instance: 1, kind: "server" };

Deno.test("[INS-2] a sealed secret opens with its key in its row only, and no two look alike", async () => {
  const box = await encryptingBox(KEY);
  const stored = await box.seal("geheim ✓", ROW);
  assert.match(stored, /^v1\.[\w-]{40,}$/);
  assert.notEqual(stored, await box.seal("geheim ✓", ROW));
  assert.equal(await box.open(stored, ROW), "geheim ✓");
  assert.equal(await (await encryptingBox(OTHER, [KEY])).open(stored, ROW), "geheim ✓");
  for (const row of [{ ...ROW, id: "s-2" }, { ...ROW, instance: 2 }, { ...ROW, kind: "app" }]) {
    await assert.rejects(box.open(stored, row), SecretKeyError);
  }
  const last = stored.at(-2) === "A" ? "B" : "A";
  for (const altered of [stored.slice(0, -2) + last + stored.at(-1), "v1.", "v1.AAAA", stored.slice(0, 30), "v1.*"]) {
    await assert.rejects(box.open(altered, ROW), SecretKeyError);
  }
  await assert.rejects((await encryptingBox(OTHER)).open(stored, ROW), SecretKeyError);
  await assert.rejects(CLEAR.open(stored, ROW), SecretKeyError);
});

Deno.test("[INS-2] with a key no table holds a secret as it is, made before or after the key was set", async () => {
  await using db = await catalogDatabase();
  const before = await db.store.createSecret(ACTOR, db.instanceNo, "server");
  assert((await dump(db.sql)).includes(before.secret), "without a key it is there: the dump would show it");
  const box = await encryptingBox(KEY);
  assert.equal(await prepareSecrets(db.sql, box), 1);
  const store = postgresCatalog(db.sql, { secrets: box });
  const after = await store.createSecret(ACTOR, db.instanceNo, "app");
  const text = await dump(db.sql);
  for (const { secret } of [before, after]) assert(!text.includes(secret));
  assert(!(await tableFile(db.sql)).includes(before.secret), "nor the table's file, where its former row lay");
  const { instances } = await store.load();
  assert.deepEqual(
    instances[0]!.secrets.map(({ id, secret }) => [id, secret]).sort(),
    [
      [before.id, before.secret],
      [after.id, after.secret],
    ].sort(),
  );
  assert.equal(await prepareSecrets(db.sql, box), 0, "the next start finds nothing to do");
});

Deno.test("[INS-2] a missing or wrong key is one sentence, and nothing is changed", async () => {
  await using db = await catalogDatabase();
  await prepareSecrets(db.sql, await encryptingBox(KEY)); // there is no secret yet
  await rejectsWith(/^Cannot start: SECRET_KEY is not the key .+ SECRET_KEY_OLD\.$/, db, [OTHER]);
  await rejectsWith(/^Cannot start: .+ SECRET_KEY is not set\. .+\.$/, db, []);
  const { secret } = await (await storeOf(db, [KEY])).createSecret(ACTOR, db.instanceNo, "server");
  const rows = await db.sql`select * from secret`;
  await rejectsWith(/is not the key/, db, [OTHER]);
  assert.deepEqual([...await db.sql`select * from secret`], [...rows]);
  assert.equal((await (await storeOf(db, [KEY])).load()).instances[0]!.secrets[0]!.secret, secret);
});

Deno.test("[INS-2] the key is changed by naming the former one once; afterwards that one opens nothing", async () => {
  await using db = await catalogDatabase();
  await prepareSecrets(db.sql, await encryptingBox(KEY));
  const { secret } = await (await storeOf(db, [KEY])).createSecret(ACTOR, db.instanceNo, "server");
  const box = await encryptingBox(OTHER, [KEY]);
  const changed = await Promise.all([prepareSecrets(db.sql, box), prepareSecrets(db.sql, box)]);
  assert.deepEqual(changed.sort(), [0, 1], "of two servers that start at once one changes it");
  assert.equal(await prepareSecrets(db.sql, await encryptingBox(OTHER)), 0);
  assert.equal((await (await storeOf(db, [OTHER])).load()).instances[0]!.secrets[0]!.secret, secret);
  await rejectsWith(/is not the key/, db, [KEY]);
});

Deno.test("[INS-2] a secret in another one's row, or altered, stops a start; a running server goes on without it", async () => {
  await using db = await catalogDatabase();
  const store = await storeOf(db, [KEY]);
  await prepareSecrets(db.sql, await encryptingBox(KEY));
  const good = await store.createSecret(ACTOR, db.instanceNo, "app");
  const moved = await store.createSecret(ACTOR, db.instanceNo, "server");
  await db.sql`update secret set secret = (select secret from secret where id = ${good.id}) where id = ${moved.id}`;
  await rejectsWith(new RegExp(`^Cannot start: cannot read secret ${moved.id}: .+\\.$`), db, [KEY]);
  const told: unknown[] = [];
  const running = postgresCatalog(db.sql, {
    secrets: await encryptingBox(KEY),
    unreadable: (error) => told.push(error),
  });
  assert.deepEqual((await running.load()).instances[0]!.secrets.map(({ id }) => id), [good.id]);
  assert.match(String(told), new RegExp(moved.id));
  assert(!String(told).includes(good.secret));
});

Deno.test("[INS-2] a revoked secret is gone from its row", async () => {
  await using db = await catalogDatabase();
  const store = await storeOf(db, [KEY]);
  const { id } = await store.createSecret(ACTOR, db.instanceNo, "server");
  const [row] = await db.sql<{ secret: string }[]>`select secret from secret`;
  assert(isSealed(row!.secret));
  await store.revokeSecret(ACTOR, db.instanceNo, id);
  assert.deepEqual([...await db.sql`select secret from secret`], [{ secret: "" }]);
});

const boxOf = ([key, ...older]: string[]) => key === undefined ? CLEAR : encryptingBox(key, older);
const storeOf = async ({ sql }: CatalogDatabase, keys: string[]) =>
  postgresCatalog(sql, { secrets: await boxOf(keys) });

async function rejectsWith(sentence: RegExp, { sql }: CatalogDatabase, keys: string[]): Promise<void> {
  await assert.rejects(prepareSecrets(sql, await boxOf(keys)), (error) => {
    assert(error instanceof SecretKeyError);
    assert.match(error.message, sentence);
    for (const key of [KEY, OTHER]) assert(!error.message.includes(key));
    return true;
  });
}

/** Every row of every table, as a dump would have it. */
async function dump(sql: Sql): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`;
  const parts = await Promise.all(tables.map(({ name }) => sql.unsafe(`select t::text as row from ${name} t`)));
  return parts.flatMap((rows) => rows.map((row) => row.row)).join("\n");
}

/** The bytes of the table's file, dead rows included. */
async function tableFile(sql: Sql): Promise<string> {
  await sql`checkpoint`;
  const [row] = await sql<{ text: string }[]>`
    select encode(pg_read_binary_file(pg_relation_filepath('secret')), 'escape') as text`;
  return row!.text;
}
