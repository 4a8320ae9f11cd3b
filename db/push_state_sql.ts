import type { Sql } from "./sql.ts";

/**
 * How many known devices of a global stream are looked at for one push: where none of so many is still waiting for it,
 * none is taken to be.
 */
const DEVICES_LOOKED_AT = 1000;

/** The columns of a `PushItem` without its state; op is `o`, its config `c`, its arrival `a`. */
export function pushColumns(sql: Sql) {
  return sql`o.id, c.biz_type as "bizType", o.owner, o.mid as "thirdMsgId", o.at as "createdAt", a.at as "arrivedAt",
    a.device as "deviceId", o.valid_until as "validUntil", o.os as "osType", o.min_version as "appMinVersion",
    o.max_version as "appMaxVersion"`;
}

/** When the op is no longer sent: a shorter retention acts at once (CFG-3). */
export function endOf(sql: Sql) {
  return sql`least(o.valid_until, o.at + c.retention_days::bigint * 86400000)`;
}

/**
 * The state of op `o` (CON-4): the best one over its devices. Arrived, over the threshold and expired are told by the
 * op alone; a row of `delivery` says sent; a known device that has neither passed the op, nor given up, nor owes it, is
 * still waiting for it; else the devices' rows say why not. No device known: it is pending.
 */
export function stateOf(sql: Sql, now: number) {
  return sql`case
    when a.id is not null then 'arrived'
    when o.dropped then 'threshold'
    when ${endOf(sql)} <= ${now}::bigint then 'expired'
    when ${has(sql, "delivery")} then 'sent'
    when ${waiting(sql)} then 'pending'
    when ${has(sql, "dead_letter")} then 'discarded'
    when ${has(sql, "owed")} then 'filtered'
    else 'pending' end`;
}

/** Ids are unique per stream: rows of one owner are found by the owner, those of a global push by the id. */
export function has(sql: Sql, table: "delivery" | "dead_letter" | "owed") {
  return sql`case when o.owner = ''
    then exists (select from ${sql(table)} x where x.config = o.config and x.id = o.id and x.instance = o.instance)
    else exists (select from ${sql(table)} x where x.instance = o.instance and x.subject = o.owner
      and x.config = o.config and x.id = o.id) end`;
}

function waiting(sql: Sql) {
  const candidates = (where: ReturnType<Sql>) =>
    sql`exists (select from (
        select p.instance, p.subject, p.config, p.device, p.point from sync_point p where ${where}
        limit ${DEVICES_LOOKED_AT}) p
      where p.point < o.id
        and not exists (select from dead_letter x where x.instance = p.instance and x.subject = p.subject
          and x.config = p.config and x.device = p.device and x.id = o.id)
        and not exists (select from owed x where x.instance = p.instance and x.subject = p.subject
          and x.config = p.config and x.device = p.device and x.id = o.id))`;
  return sql`case when o.owner = ''
    then ${candidates(sql`p.config = o.config and p.instance = o.instance`)}
    else ${candidates(sql`p.instance = o.instance and p.subject = o.owner and p.config = o.config`)} end`;
}
