import type { TransactionSql } from "postgres";
import type { Operator, OperatorStore, Role } from "./operators.ts";
import type { Actor, RecordedObject } from "./records.ts";
import { writeRecord } from "./records_postgres.ts";
import { Refused } from "./refused.ts";
import type { Sql } from "./sql.ts";
import { isUniqueViolation } from "./unique_violation.ts";

/** Changes of operators follow one another: only so can the last admin be told. */
const OPERATORS_LOCK = 729;

const COLUMNS = `o.id, o.login, o.role, o.disabled, o.must_change as "mustChangePassword", o.created_at as "createdAt",
  o.last_login_at as "lastLoginAt"`;

/** Operators in Postgres (db/migrations/004_operators.sql). */
export function postgresOperators(sql: Sql): OperatorStore {
  return {
    createFirst: (at, login, hash) => createFirst(sql, at, login, hash),
    list: (page) => list(sql, page),
    byId: (id) => byId(sql, id),
    byLogin: (login) => byLogin(sql, login),
    create: (actor, operator) => create(sql, actor, operator),
    change: (actor, id, change) => changeOperator(sql, actor, id, change),
    setPassword: (actor, id, password) => setPassword(sql, actor, id, password),
    openSession: (session) => openSession(sql, session),
    findSession: (tokenHash, now) => findSession(sql, tokenHash, now),
    async closeSession(tokenHash) {
      await sql`delete from operator_session where token_hash = ${tokenHash}`;
    },
    async sweepSessions(now) {
      await sql`delete from operator_session where expires_at <= ${now}`;
    },
  };
}

/** Two servers may start at once on an empty database: one of them creates the admin. */
async function createFirst(sql: Sql, at: number, login: string, hash: string): Promise<boolean> {
  return await sql.begin(async (tx) => {
    await lock(tx);
    const made = await tx<{ id: number }[]>`insert into operator (login, role, hash, must_change, created_at)
      select ${login}, 'admin', ${hash}, true, ${at} where not exists (select from operator) returning id`;
    if (made.length === 0) return false;
    await record(tx, { operator: "system", at }, "operator.created", { before: null, after: { login, role: "admin" } });
    return true;
  });
}

async function list(sql: Sql, { after, limit }: { after?: string | undefined; limit: number }): Promise<Operator[]> {
  const rows = await sql<Operator[]>`select ${sql.unsafe(COLUMNS)} from operator o
    where ${after === undefined ? sql`true` : sql`o.login > ${after}`} order by o.login limit ${limit}`;
  return [...rows];
}

async function byId(sql: Sql, id: number): Promise<Operator | undefined> {
  const [row] = await sql<Operator[]>`select ${sql.unsafe(COLUMNS)} from operator o where o.id = ${id}`;
  return row;
}

async function byLogin(sql: Sql, login: string): Promise<(Operator & { hash: string }) | undefined> {
  const [row] = await sql<(Operator & { hash: string })[]>`
    select ${sql.unsafe(COLUMNS)}, o.hash from operator o where lower(o.login) = lower(${login})`;
  return row;
}

async function create(
  sql: Sql,
  actor: Actor,
  { login, role, hash }: { login: string; role: Role; hash: string },
): Promise<Operator> {
  try {
    return await sql.begin(async (tx) => {
      const [made] = await tx<Operator[]>`
        insert into operator as o (login, role, hash, must_change, created_at)
        values (${login}, ${role}, ${hash}, true, ${actor.at}) returning ${tx.unsafe(COLUMNS)}`;
      if (made === undefined) throw new Error("Cannot create an operator: no row came back");
      await record(tx, actor, "operator.created", { before: null, after: recorded(made) });
      return made;
    });
  } catch (error) {
    if (isUniqueViolation(error)) {
      throw new Refused("OPERATOR_EXISTS", `login: there is an operator ${login} already`, "login");
    }
    throw error;
  }
}

async function changeOperator(
  sql: Sql,
  actor: Actor,
  id: number,
  change: { role?: Role; disabled?: boolean },
): Promise<Operator> {
  return await sql.begin(async (tx) => {
    await lock(tx);
    const before = await find(tx, id);
    const after = { ...before, ...change };
    if (before.role === after.role && before.disabled === after.disabled) return before;
    await tx`update operator set role = ${after.role}, disabled = ${after.disabled} where id = ${id}`;
    const wasAdmin = before.role === "admin" && !before.disabled;
    if (wasAdmin && await hasNoAdmin(tx)) {
      throw new Refused("LAST_ADMIN", "At least one enabled operator must keep the role admin");
    }
    if (after.disabled) await tx`delete from operator_session where operator = ${id}`;
    await record(tx, actor, "operator.changed", { before: recorded(before), after: recorded(after) });
    return after;
  });
}

async function setPassword(
  sql: Sql,
  actor: Actor,
  id: number,
  { hash, mustChange, keepSession }: { hash: string; mustChange: boolean; keepSession?: string },
): Promise<void> {
  await sql.begin(async (tx) => {
    await lock(tx);
    const before = await find(tx, id);
    await tx`update operator set hash = ${hash}, must_change = ${mustChange} where id = ${id}`;
    await tx`delete from operator_session where operator = ${id} and token_hash <> ${keepSession ?? ""}`;
    const after = { ...before, mustChangePassword: mustChange };
    await record(tx, actor, "operator.password", { before: recorded(before), after: recorded(after) });
  });
}

async function openSession(
  sql: Sql,
  { tokenHash, operator, hash, at, expiresAt, replaces }: Parameters<OperatorStore["openSession"]>[0],
): Promise<boolean> {
  return await sql.begin(async (tx) => {
    const still = await tx`update operator set last_login_at = ${at}
      where id = ${operator} and hash = ${hash} and not disabled returning id`;
    if (still.length === 0) return false;
    if (replaces !== undefined) await tx`delete from operator_session where token_hash = ${replaces}`;
    await tx`insert into operator_session (token_hash, operator, created_at, expires_at)
      values (${tokenHash}, ${operator}, ${at}, ${expiresAt})`;
    return true;
  });
}

async function findSession(sql: Sql, tokenHash: string, now: number): Promise<Operator | undefined> {
  const [row] = await sql<Operator[]>`select ${sql.unsafe(COLUMNS)}
    from operator_session s join operator o on o.id = s.operator and not o.disabled
    where s.token_hash = ${tokenHash} and s.expires_at > ${now}`;
  return row;
}

async function hasNoAdmin(tx: TransactionSql): Promise<boolean> {
  return (await tx`select from operator where role = 'admin' and not disabled limit 1`).length === 0;
}

async function lock(tx: TransactionSql): Promise<void> {
  await tx`select pg_advisory_xact_lock(${OPERATORS_LOCK}, 0)`;
}

/** @throws {Refused} `OPERATOR_NOT_FOUND` */
async function find(tx: TransactionSql, id: number): Promise<Operator> {
  const [row] = await tx<Operator[]>`select ${tx.unsafe(COLUMNS)} from operator o
    where o.id = ${id}::bigint for update`;
  if (row === undefined) throw new Refused("OPERATOR_NOT_FOUND", `There is no operator ${id}`);
  return row;
}

async function record(
  tx: TransactionSql,
  actor: Actor,
  action: "operator.created" | "operator.changed" | "operator.password",
  { before, after }: { before: RecordedObject | null; after: RecordedObject },
): Promise<void> {
  await writeRecord(tx, actor, { action, instanceNo: null, object: String(after.login), before, after });
}

function recorded({ login, role, disabled, mustChangePassword }: Operator): RecordedObject {
  return { login, role, disabled, mustChangePassword };
}
