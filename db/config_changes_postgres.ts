import type { TransactionSql } from "postgres";
import type { ConfigChange, NewConfig } from "./catalog_store.ts";
import type { Config } from "./catalog.ts";
import type { Actor, RecordAction, RecordedObject } from "./records.ts";
import { writeRecord } from "./records_postgres.ts";
import { Refused } from "./refused.ts";
import type { Sql } from "./sql.ts";
import { isUniqueViolation } from "./unique_violation.ts";

/** The columns of a config under the names of its type. */
export const CONFIG_COLUMNS = `no, instance, biz_type as "bizType", description, scope, target,
  multi_device as "multiDevice", persistent, retention_days as "retentionDays", threshold, consistency, status, floor,
  created_at as "createdAt", updated_at as "updatedAt"`;

/** Advisory lock per config: appends hold it shared to their commit (db/migrations/003_append.sql). */
export const APPEND_LOCK = 726;

type Key = { instanceNo: number; bizType: string };

/** @throws {Refused} `CONFIG_EXISTS` */
export async function createConfig(sql: Sql, actor: Actor, instanceNo: number, config: NewConfig): Promise<void> {
  try {
    await sql.begin(async (tx) => {
      await tx`
        insert into config (instance, biz_type, description, scope, target, multi_device, persistent, retention_days,
          threshold, consistency, status, created_at, updated_at)
        values (${instanceNo}, ${config.bizType}, ${config.description}, ${config.scope}, ${config.target},
          ${config.multiDevice}, ${config.persistent}, ${config.retentionDays}, ${config.threshold},
          ${config.consistency}, 'online', ${actor.at}, ${actor.at})`;
      // only now: the insert may have waited for a deletion, or for a jump, and sees nothing of it
      await tx`
        update config set floor = greatest(0, (select max(c.floor) from config c
            where c.instance = ${instanceNo} and c.biz_type = ${config.bizType}), (select value::bigint from meta
            where key = 'ids_above:' || ${instanceNo}::int))
        where instance = ${instanceNo} and biz_type = ${config.bizType} and deleted_at is null`;
      const made = await lockConfig(tx, { instanceNo, bizType: config.bizType });
      await record(tx, actor, "config.created", { before: null, after: made });
    });
  } catch (error) {
    if (isUniqueViolation(error)) {
      throw new Refused("CONFIG_EXISTS", `bizType: there is a config ${config.bizType} already`, "bizType");
    }
    throw error;
  }
}

/** @throws {Refused} `CONFIG_NOT_FOUND`, and what `check` throws */
export async function changeConfig(
  sql: Sql,
  actor: Actor,
  { change, check, ...key }: Key & { change: ConfigChange; check: (after: Config) => void },
): Promise<void> {
  await sql.begin(async (tx) => {
    const before = await lockConfig(tx, key);
    const after: Config = {
      ...before,
      description: change.description ?? before.description,
      persistent: change.persistent ?? before.persistent,
      retentionDays: change.retentionDays ?? before.retentionDays,
      threshold: change.threshold === undefined ? before.threshold : change.threshold,
      consistency: change.consistency ?? before.consistency,
    };
    check(after);
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    await tx`update config set description = ${after.description}, persistent = ${after.persistent},
      retention_days = ${after.retentionDays}, threshold = ${after.threshold}, consistency = ${after.consistency},
      updated_at = ${actor.at} where no = ${before.no}`;
    await record(tx, actor, "config.changed", { before, after });
  });
}

/** @throws {Refused} `CONFIG_NOT_FOUND` */
export async function setConfigStatus(
  sql: Sql,
  actor: Actor,
  { status, ...key }: Key & { status: "online" | "offline" },
): Promise<void> {
  await sql.begin(async (tx) => {
    await stopAppends(tx, key);
    const before = await lockConfig(tx, key);
    if (before.status === status) return;
    await tx`update config set status = ${status}, updated_at = ${actor.at} where no = ${before.no}`;
    await record(tx, actor, `config.${status}`, { before, after: { ...before, status } });
  });
}

/** @param page ops read at once to find the highest id. @throws {Refused} `CONFIG_NOT_FOUND`, `CONFIG_ONLINE` */
export async function deleteConfig(sql: Sql, actor: Actor, key: Key, page = 1_000_000): Promise<void> {
  await sql.begin(async (tx) => {
    await stopAppends(tx, key);
    const config = await lockConfig(tx, key);
    if (config.status === "online") {
      throw new Refused("CONFIG_ONLINE", `bizType: ${key.bizType} is online, take it offline first`, "bizType");
    }
    // before the update: its trigger holds the version's row, and with it every other change of the catalog
    const highest = await highestId(tx, config.no, page);
    await tx`update config set deleted_at = ${actor.at}, updated_at = ${actor.at},
      floor = greatest(floor, ${highest}::bigint) where no = ${config.no}`;
    await record(tx, actor, "config.deleted", { before: config, after: null });
  });
}

/** Page by page: a hundred million ops take a minute, which is longer than a statement may. */
async function highestId(tx: TransactionSql, config: number, page: number): Promise<number> {
  let highest = 0;
  for (let from = 0, limit = page;;) {
    const [read] = await tx<{ id: number; at: number; n: number }[]>`
      select coalesce(max(id), 0) as id, coalesce(max(at), 0) as at, count(*)::int as n from (select id, at from op
        where config = ${config} and at >= ${from} order by at limit ${limit}) o`;
    const { id, at, n } = read!;
    highest = Math.max(highest, id);
    if (n < limit) return highest;
    // a page of one moment leads nowhere
    if (at === from) limit *= 2;
    from = at;
  }
}

/** Waits for the appends under way, and lets others wait until this transaction ends (CFG-4). */
async function stopAppends(tx: TransactionSql, { instanceNo, bizType }: Key): Promise<void> {
  // first, as appends do: where it lets ids jump it takes rows that are wanted under this lock
  await tx`select ensure_identity()`;
  await tx`select pg_advisory_xact_lock(${APPEND_LOCK}, no) from config
    where instance = ${instanceNo} and biz_type = ${bizType} and deleted_at is null`;
}

/** Changes of one config follow one another. @throws {Refused} `CONFIG_NOT_FOUND` */
async function lockConfig(tx: TransactionSql, { instanceNo, bizType }: Key): Promise<Config> {
  const [row] = await tx<Config[]>`select ${tx.unsafe(CONFIG_COLUMNS)} from config
    where instance = ${instanceNo} and biz_type = ${bizType} and deleted_at is null for update`;
  if (row === undefined) throw new Refused("CONFIG_NOT_FOUND", `There is no config ${bizType}`);
  return row;
}

async function record(
  tx: TransactionSql,
  actor: Actor,
  action: RecordAction,
  { before, after }: { before: Config | null; after: Config | null },
): Promise<void> {
  const config = before ?? after;
  if (config === null) return;
  await writeRecord(tx, actor, {
    action,
    instanceNo: config.instance,
    object: config.bizType,
    before: before && recorded(before),
    after: after && recorded(after),
  });
}

function recorded(config: Config): RecordedObject {
  const { no: _no, instance: _instance, floor: _floor, createdAt: _created, updatedAt: _updated, ...shown } = config;
  return shown;
}
