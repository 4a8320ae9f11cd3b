import { postgresOplog } from "../../db/oplog_postgres.ts";
import type { Appended, Oplog } from "../../db/oplog.ts";
import type { NewConfig } from "../../db/catalog_store.ts";
import { openSql, type Sql } from "../../db/sql.ts";
import { ACTOR, type CatalogDatabase, catalogDatabase, USER_CONFIG } from "./catalog.ts";

/** A log in a database of its own, with one config. */
export type TestLog = AsyncDisposable & {
  url: string;
  sql: Sql;
  catalog: CatalogDatabase;
  log: Oplog;
  /** `Config.no` of the config. */
  config: number;
  /** Makes another config. @returns its number */
  newConfig(fields: Partial<NewConfig> & { bizType: string }): Promise<number>;
  /** Another pool on the same database, closed at the end: what another process would use. */
  otherPool(max?: number): Sql;
};

export async function testLog(): Promise<TestLog> {
  const catalog = await catalogDatabase();
  const { sql, store, url, instanceNo } = catalog;
  // as the server does at its start
  await sql`select ensure_identity()`;
  const pools: Sql[] = [];
  const newConfig = async (fields: Partial<NewConfig> & { bizType: string }) => {
    await store.createConfig(ACTOR, instanceNo, { ...USER_CONFIG, ...fields });
    return await configNo(sql, fields.bizType);
  };
  return {
    url,
    sql,
    catalog,
    log: postgresOplog(sql),
    config: await newConfig({ bizType: "UCHAT", multiDevice: true }),
    newConfig,
    otherPool(max = 2) {
      const pool = openSql(url, { max });
      pools.push(pool);
      return pool;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(pools.map((pool) => pool.end({ timeout: 1 })));
      await catalog[Symbol.asyncDispose]();
    },
  };
}

/** The number of the living config of that name. */
export async function configNo(sql: Sql, bizType: string): Promise<number> {
  const [row] = await sql<{ no: number }[]>`select no from config where biz_type = ${bizType} and deleted_at is null`;
  if (row === undefined) throw new Error(`Cannot find the config ${bizType}`);
  return row.no;
}

/** Outcomes as text: the id, or why there is none. */
export const outcomes = (results: readonly Appended[]): (number | string)[] =>
  results.map((result) => result.outcome === "stored" ? result.id : result.outcome);
