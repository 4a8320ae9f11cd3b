import type { CatalogSnapshot, CatalogStore } from "./catalog_store.ts";
import type { Config, Instance } from "./catalog.ts";
import {
  changeConfig,
  CONFIG_COLUMNS,
  createConfig,
  deleteConfig,
  setConfigStatus,
} from "./config_changes_postgres.ts";
import { changeInstance, createInstance, createSecret, jumpIds, revokeSecret } from "./instance_changes_postgres.ts";
import { CLEAR, type SecretBox } from "./secret_box.ts";
import { SecretOpener } from "./secret_opener.ts";
import type { Sql } from "./sql.ts";

export type CatalogStoreOptions = {
  /** How secrets lie in the table. @default CLEAR */
  secrets?: SecretBox;
  /** Told of a secret that cannot be read; the instance is loaded without it. */
  unreadable?: (error: unknown) => void;
};

/** The catalog in Postgres (db/migrations/001_catalog.sql). */
export function postgresCatalog(
  sql: Sql,
  { secrets = CLEAR, unreadable = () => {} }: CatalogStoreOptions = {},
): CatalogStore {
  const opener = new SecretOpener(secrets, unreadable);
  return {
    version: () => readVersion(sql),
    load: async () => opener.open(await load(sql)),
    createInstance: (actor, instance) => createInstance(sql, actor, instance),
    changeInstance: (actor, instanceNo, change) => changeInstance(sql, actor, instanceNo, change),
    createSecret: (actor, instanceNo, kind) => createSecret(sql, { actor, instanceNo, kind, secrets }),
    revokeSecret: (actor, instanceNo, id) => revokeSecret(sql, actor, instanceNo, id),
    jumpIds: (actor, instanceNo) => jumpIds(sql, actor, instanceNo),
    createConfig: (actor, instanceNo, config) => createConfig(sql, actor, instanceNo, config),
    changeConfig: (actor, key, change, check) => changeConfig(sql, actor, { ...key, change, check }),
    setConfigStatus: (actor, key, status) => setConfigStatus(sql, actor, { ...key, status }),
    deleteConfig: (actor, key) => deleteConfig(sql, actor, key),
  };
}

async function readVersion(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`select n from catalog_version`;
  if (row === undefined) throw new Error("Cannot read the catalog's version: its row is missing");
  return row.n;
}

async function load(sql: Sql): Promise<CatalogSnapshot> {
  return await sql.begin("isolation level repeatable read read only", async (tx) => {
    const [versions, instances, configs] = await Promise.all([
      tx<{ n: number }[]>`select n from catalog_version`,
      tx<Instance[]>`
        select i.no, i.id as "instanceId", i.workspace_id as "workspaceId", i.app_id as "appId", i.name, i.signature,
          i.session_validate_url as "sessionValidateUrl", i.epoch, i.created_at as "createdAt",
          coalesce((select json_agg(json_build_object('id', s.id, 'kind', s.kind, 'secret', s.secret,
              'createdAt', s.created_at) order by s.created_at, s.id)
            from secret s where s.instance = i.no and s.revoked_at is null), '[]') as secrets
        from instance i order by i.no`,
      tx<Config[]>`select ${tx.unsafe(CONFIG_COLUMNS)} from config where deleted_at is null order by no`,
    ]);
    return { version: versions[0]?.n ?? 0, instances: [...instances], configs: [...configs] };
  });
}
