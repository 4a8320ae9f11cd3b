import assert from "node:assert/strict";
import { type RefusalCode, Refused } from "../../db/refused.ts";
import { postgresRecords } from "../../db/records_postgres.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import { openSql } from "../../db/sql.ts";
import { ACTOR, type CatalogDatabase, catalogDatabase, USER_CONFIG } from "../support/catalog.ts";

Deno.test("[CFG-1] a new config is online, above no floor, and recorded", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  const { configs: [config] } = await db.store.load();
  assert.deepEqual({ ...config, no: 0 }, {
    ...USER_CONFIG,
    no: 0,
    instance: db.instanceNo,
    status: "online",
    floor: 0,
    createdAt: ACTOR.at,
    updatedAt: ACTOR.at,
  });
  assert.deepEqual(await actions(db), ["config.created", "instance.created"]);
});

Deno.test("[CFG-1] a bizType is taken once per instance", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await refuses("CONFIG_EXISTS", db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG));
});

Deno.test("[CFG-5] only an offline config can be deleted; made again it goes on with higher ids", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  const key = { instanceNo: db.instanceNo, bizType: USER_CONFIG.bizType };
  for (let n = 1; n <= 3; n++) await push(db, `m-${n}`);
  await refuses("CONFIG_ONLINE", db.store.deleteConfig(ACTOR, key));
  await db.store.setConfigStatus(ACTOR, key, "offline");
  await db.store.deleteConfig(ACTOR, key);
  await refuses("CONFIG_NOT_FOUND", db.store.deleteConfig(ACTOR, key));
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  const [appended] = await push(db, "m-1");
  assert.deepEqual(appended, { outcome: "stored", id: 4, prev: 3 });
});

Deno.test("[CFG-5] the floor outlives a config that was made again and never used", async () => {
  await using db = await catalogDatabase();
  const key = { instanceNo: db.instanceNo, bizType: USER_CONFIG.bizType };
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await push(db, "m-1");
  for (let n = 0; n < 2; n++) {
    await db.store.setConfigStatus(ACTOR, key, "offline");
    await db.store.deleteConfig(ACTOR, key);
    await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  }
  assert.equal((await db.store.load()).configs[0]?.floor, 1);
});

Deno.test("[CFG-4] going offline waits for a push under way; afterwards none is accepted", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  const no = (await db.store.load()).configs[0]?.no ?? 0;
  const writer = openSql(db.url, { max: 1 });
  const events: string[] = [];
  let offline: Promise<void> | undefined;
  await writer.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock_shared(726, ${no})`; // what an append holds to its commit
    offline = db.store.setConfigStatus(ACTOR, { instanceNo: db.instanceNo, bizType: USER_CONFIG.bizType }, "offline")
      .then(() => void events.push("offline"));
    while ((await db.sql`select from pg_locks where locktype = 'advisory' and not granted`).length === 0);
    events.push("committed");
  });
  await offline;
  await writer.end();
  assert.deepEqual(events, ["committed", "offline"]);
  assert.deepEqual(await push(db, "m-1"), [{ outcome: "offline" }]);
});

Deno.test("[CFG-3] a change and its check are one transaction, and changing nothing records nothing", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  const key = { instanceNo: db.instanceNo, bizType: USER_CONFIG.bizType };
  await db.store.changeConfig(ACTOR, key, { retentionDays: 7, threshold: 100 }, () => {});
  await db.store.changeConfig(ACTOR, key, { retentionDays: 7 }, () => {});
  await refuses(
    "ARGS_ILLEGAL",
    db.store.changeConfig(ACTOR, key, { retentionDays: 9 }, () => {
      throw new Refused("ARGS_ILLEGAL", "no");
    }),
  );
  const { configs: [config] } = await db.store.load();
  assert.deepEqual([config?.retentionDays, config?.threshold], [7, 100]);
  assert.deepEqual(await actions(db), ["config.changed", "config.created", "instance.created"]);
});

Deno.test("[INS-2] up to two active secrets of each kind; a revoked one makes room and keeps no text", async () => {
  await using db = await catalogDatabase();
  const first = await db.store.createSecret(ACTOR, db.instanceNo, "server");
  await db.store.createSecret(ACTOR, db.instanceNo, "server");
  await db.store.createSecret(ACTOR, db.instanceNo, "app");
  await refuses("SECRETS_FULL", db.store.createSecret(ACTOR, db.instanceNo, "server"));
  await db.store.revokeSecret(ACTOR, db.instanceNo, first.id);
  await refuses("SECRET_NOT_FOUND", db.store.revokeSecret(ACTOR, db.instanceNo, first.id));
  await db.store.createSecret(ACTOR, db.instanceNo, "server");
  const { instances: [instance] } = await db.store.load();
  assert.deepEqual(instance?.secrets.map((secret) => secret.kind).sort(), ["app", "server", "server"]);
  const rows = await db.sql`select secret from secret where id = ${first.id}`;
  assert.deepEqual([...rows], [{ secret: "" }]);
});

Deno.test("[REC-1] no record holds a secret", async () => {
  await using db = await catalogDatabase();
  const { secret } = await db.store.createSecret(ACTOR, db.instanceNo, "app");
  const records = await db.sql`select record::text as text from record`;
  assert(records.length > 1);
  assert(records.every((row) => !row.text.includes(secret)));
});

Deno.test("[SIG-1] the signature switch is recorded, apart from other changes of the instance", async () => {
  await using db = await catalogDatabase();
  await db.store.changeInstance(ACTOR, db.instanceNo, { signature: false, name: "New" });
  await db.store.changeInstance(ACTOR, db.instanceNo, { signature: true });
  await db.store.changeInstance(ACTOR, db.instanceNo, { signature: true });
  assert.deepEqual(await actions(db), ["signature.on", "signature.off", "instance.changed", "instance.created"]);
});

Deno.test("[REC-1] where the record cannot be written, nothing is changed", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await db.sql`create function refuse() returns trigger language plpgsql as 'begin raise exception ''full''; end'`;
  await db.sql`create trigger refuse before insert on record execute function refuse()`;
  const key = { instanceNo: db.instanceNo, bizType: USER_CONFIG.bizType };
  const before = await db.store.load();
  const attempts = [
    () => db.store.createInstance(ACTOR, { workspaceId: "sit", appId: "other", name: "Other" }),
    () => db.store.changeInstance(ACTOR, db.instanceNo, { signature: false }),
    () => db.store.createSecret(ACTOR, db.instanceNo, "server"),
    () => db.store.jumpIds(ACTOR, db.instanceNo),
    () => db.store.createConfig(ACTOR, db.instanceNo, { ...USER_CONFIG, bizType: "OTHER" }),
    () => db.store.changeConfig(ACTOR, key, { retentionDays: 3 }, () => {}),
    () => db.store.setConfigStatus(ACTOR, key, "offline"),
  ];
  for (const attempt of attempts) await assert.rejects(attempt, /full/);
  assert.deepEqual(await db.store.load(), before);
});

Deno.test("[REC-1] the database refuses to alter, delete or empty records", async () => {
  await using db = await catalogDatabase();
  await assert.rejects(db.sql`update record set operator = 'somebody else'`, /Cannot alter a record/);
  await assert.rejects(db.sql`delete from record`, /Cannot alter a record/);
  await assert.rejects(db.sql`truncate record`, /Cannot alter a record/);
  assert.deepEqual(await actions(db), ["instance.created"]);
});

Deno.test("[STR-1] the operator's jump puts all ids above those given out, and is recorded as epoch", async () => {
  await using db = await catalogDatabase();
  await db.store.createConfig(ACTOR, db.instanceNo, USER_CONFIG);
  await push(db, "m-1");
  const { instances: [before] } = await db.store.load();
  await db.store.jumpIds(ACTOR, db.instanceNo);
  const [appended] = await push(db, "m-2");
  assert(appended?.outcome === "stored" && appended.id > 1_000_000_000, "the id jumped");
  assert.equal((await db.store.load()).instances[0]?.epoch, before?.epoch, "the epoch stays");
  assert.equal((await actions(db))[0], "epoch");
});

function push(db: CatalogDatabase, mid: string) {
  return db.store.load().then(({ configs: [config] }) =>
    postgresOplog(db.sql).append([{
      config: config?.no ?? 0,
      owner: "u-1",
      mid,
      at: ACTOR.at,
      validUntil: ACTOR.at + 1000,
      early: true,
      payload: "hello",
      binary: false,
      os: null,
      minVersion: null,
      maxVersion: null,
    }])
  );
}

async function actions(db: CatalogDatabase): Promise<string[]> {
  const records = await postgresRecords(db.sql).list({ instanceNo: db.instanceNo, limit: 100 });
  return records.map((record) => record.action);
}

async function refuses(code: RefusalCode, attempt: Promise<unknown>): Promise<void> {
  await assert.rejects(attempt, (error: unknown) => error instanceof Refused && error.code === code);
}
