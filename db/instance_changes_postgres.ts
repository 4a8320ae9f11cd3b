import { randomBytes, randomUUID } from "node:crypto";
import type { TransactionSql } from "postgres";
import type { InstanceChange } from "./catalog_store.ts";
import type { Instance } from "./catalog.ts";
import { APPEND_LOCK } from "./config_changes_postgres.ts";
import type { Actor, RecordedObject } from "./records.ts";
import { writeRecord } from "./records_postgres.ts";
import { Refused } from "./refused.ts";
import type { SecretBox } from "./secret_box.ts";
import type { Sql } from "./sql.ts";
import { isUniqueViolation } from "./unique_violation.ts";

/** Active secrets of one kind: two, so that one can be rotated without a gap (INS-2). */
const MAX_SECRETS = 2;

type Row = Omit<Instance, "secrets">;

/** @returns the instance id. @throws {Refused} `INSTANCE_EXISTS` */
export async function createInstance(
  sql: Sql,
  actor: Actor,
  { workspaceId, appId, name }: { workspaceId: string; appId: string; name: string },
): Promise<string> {
  const id = `${workspaceId}_${appId}`;
  try {
    await sql.begin(async (tx) => {
      const [made] = await tx<{ no: number }[]>`
        insert into instance (id, workspace_id, app_id, name, epoch, created_at)
        values (${id}, ${workspaceId}, ${appId}, ${name}, ${randomUUID()}, ${actor.at}) returning no`;
      const instance = await lockInstance(tx, made?.no ?? 0);
      await writeRecord(tx, actor, {
        action: "instance.created",
        instanceNo: instance.no,
        object: id,
        before: null,
        after: recorded(instance),
      });
    });
  } catch (error) {
    if (isUniqueViolation(error)) {
      throw new Refused("INSTANCE_EXISTS", `appId: there is an instance ${id} already`, "appId");
    }
    throw error;
  }
  return id;
}

/** The signature switch has records of its own (SIG-1). @throws {Refused} `INSTANCE_NOT_FOUND` */
export async function changeInstance(
  sql: Sql,
  actor: Actor,
  instanceNo: number,
  { name, signature, sessionValidateUrl }: InstanceChange,
): Promise<void> {
  await sql.begin(async (tx) => {
    const before = await lockInstance(tx, instanceNo);
    const after = {
      ...before,
      name: name ?? before.name,
      signature: signature ?? before.signature,
      sessionValidateUrl: sessionValidateUrl === undefined ? before.sessionValidateUrl : sessionValidateUrl,
    };
    const switched = before.signature !== after.signature;
    const changed = before.name !== after.name || before.sessionValidateUrl !== after.sessionValidateUrl;
    if (!switched && !changed) return;
    await tx`update instance set name = ${after.name}, signature = ${after.signature},
      session_validate_url = ${after.sessionValidateUrl} where no = ${instanceNo}`;
    const entry = { instanceNo, object: before.instanceId, before: recorded(before), after: recorded(after) };
    if (changed) await writeRecord(tx, actor, { ...entry, action: "instance.changed" });
    if (switched) {
      await writeRecord(tx, actor, { ...entry, action: after.signature ? "signature.on" : "signature.off" });
    }
  });
}

/** @throws {Refused} `INSTANCE_NOT_FOUND`, `SECRETS_FULL` */
export async function createSecret(
  sql: Sql,
  { actor, instanceNo, kind, secrets }: {
    actor: Actor;
    instanceNo: number;
    kind: "server" | "app";
    secrets: SecretBox;
  },
): Promise<{ id: string; kind: "server" | "app"; secret: string }> {
  const made = { id: randomBytes(6).toString("hex"), kind, secret: randomBytes(32).toString("base64url") };
  const stored = await secrets.seal(made.secret, { id: made.id, instance: instanceNo, kind });
  await sql.begin(async (tx) => {
    const instance = await lockInstance(tx, instanceNo);
    const active =
      await tx`select from secret where instance = ${instanceNo} and kind = ${kind} and revoked_at is null`;
    if (active.length >= MAX_SECRETS) {
      throw new Refused("SECRETS_FULL", `kind: there are ${MAX_SECRETS} active ${kind} secrets, revoke one`, "kind");
    }
    await tx`insert into secret (id, instance, kind, secret, created_at)
      values (${made.id}, ${instanceNo}, ${kind}, ${stored}, ${actor.at})`;
    await writeRecord(tx, actor, {
      action: "secret.created",
      instanceNo,
      object: instance.instanceId,
      before: null,
      after: { id: made.id, kind },
    });
  });
  return made;
}

/** @throws {Refused} `INSTANCE_NOT_FOUND`, `SECRET_NOT_FOUND` */
export async function revokeSecret(sql: Sql, actor: Actor, instanceNo: number, id: string): Promise<void> {
  await sql.begin(async (tx) => {
    const instance = await lockInstance(tx, instanceNo);
    // A revoked secret is of no more use to anybody, us included: its text goes.
    const [revoked] = await tx<{ kind: string }[]>`update secret set revoked_at = ${actor.at}, secret = ''
      where id = ${id} and instance = ${instanceNo} and revoked_at is null returning kind`;
    if (revoked === undefined) throw new Refused("SECRET_NOT_FOUND", `There is no active secret ${id}`);
    await writeRecord(tx, actor, {
      action: "secret.revoked",
      instanceNo,
      object: instance.instanceId,
      before: { id, kind: revoked.kind },
      after: null,
    });
  });
}

/** @throws {Refused} `INSTANCE_NOT_FOUND` */
export async function jumpIds(sql: Sql, actor: Actor, instanceNo: number): Promise<void> {
  await sql.begin(async (tx) => {
    // An id from below would come after readers have been told that the stream goes as far as the jump (STR-2). In the
    // order in which appends lock, after a jump of their own.
    await tx`select ensure_identity()`;
    await tx`select pg_advisory_xact_lock(${APPEND_LOCK}, no) from (select no from config
      where instance = ${instanceNo} and deleted_at is null order by no) c`;
    const instance = await lockInstance(tx, instanceNo);
    const [jump] = await tx<{ above: number }[]>`select jump_ids(${instanceNo}) as above`;
    await writeRecord(tx, actor, {
      action: "epoch",
      instanceNo,
      object: instance.instanceId,
      before: null,
      after: { idsAbove: jump?.above ?? null },
    });
  });
}

/** Changes of one instance follow one another. @throws {Refused} `INSTANCE_NOT_FOUND` */
async function lockInstance(tx: TransactionSql, instanceNo: number): Promise<Row> {
  const [row] = await tx<Row[]>`
    select no, id as "instanceId", workspace_id as "workspaceId", app_id as "appId", name, signature,
      session_validate_url as "sessionValidateUrl", epoch, created_at as "createdAt"
    from instance where no = ${instanceNo} for update`;
  if (row === undefined) throw new Refused("INSTANCE_NOT_FOUND", "There is no such instance");
  return row;
}

function recorded({ no: _no, createdAt: _createdAt, ...instance }: Row): RecordedObject {
  return instance;
}
