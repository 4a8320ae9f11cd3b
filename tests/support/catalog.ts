import { postgresCatalog } from "../../db/catalog_postgres.ts";
import type { CatalogStore, NewConfig } from "../../db/catalog_store.ts";
import type { Catalog, CatalogChange } from "../../db/catalog.ts";
import { openSql, type Sql } from "../../db/sql.ts";
import { type CatalogOptions, type LiveCatalog, openCatalog } from "../../src/configs.ts";
import { systemClock } from "../../src/clock.ts";
import { testDatabase } from "./database.ts";

/** Who does things in tests. */
export const ACTOR = { operator: "tester", at: 1_732_000_000_000 };

/** A config of the commonest kind: user, one device. */
export const USER_CONFIG: NewConfig = {
  bizType: "TRADE-RESULT",
  description: "result of a trade",
  scope: "single",
  target: "user",
  multiDevice: false,
  persistent: true,
  retentionDays: 30,
  threshold: null,
  consistency: false,
};

/** A fresh database with its pool and catalog store, and the instance `sit_app`. */
export type CatalogDatabase = AsyncDisposable & {
  url: string;
  sql: Sql;
  store: CatalogStore;
  /** `Instance.no` of `sit_app`. */
  instanceNo: number;
};

export async function catalogDatabase(): Promise<CatalogDatabase> {
  const database = await testDatabase();
  const sql = openSql(database.url, { max: 4 });
  const store = postgresCatalog(sql);
  await store.createInstance(ACTOR, { workspaceId: "sit", appId: "app", name: "Test" });
  const { instances } = await store.load();
  return {
    url: database.url,
    sql,
    store,
    instanceNo: instances[0]?.no ?? 0,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 1 });
      await database[Symbol.asyncDispose]();
    },
  };
}

/** A live catalog of that database; `options` replaces what a test is about. */
export function liveCatalog(
  { sql, url }: { sql: Sql; url: string },
  options: Partial<CatalogOptions> = {},
): Promise<LiveCatalog> {
  return openCatalog(sql, { connect: () => openSql(url, { max: 1 }), clock: systemClock, ...options });
}

/** The first change that satisfies `wanted`. */
export function nextChange(
  catalog: Pick<Catalog, "onChange">,
  wanted: (change: CatalogChange) => boolean = () => true,
): Promise<CatalogChange> {
  return new Promise((resolve) => {
    const stop = catalog.onChange((change) => {
      if (!wanted(change)) return;
      stop();
      resolve(change);
    });
  });
}
