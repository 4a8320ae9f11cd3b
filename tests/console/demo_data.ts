/**
 * Fills a database with a service that has been running for a week, for pictures and browser tests: one instance with
 * configs of every kind, pushes in every state, numbers over time, and records. Written straight into the tables, since
 * the past cannot be made through the API.
 */
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import type { NewConfig } from "../../db/catalog_store.ts";
import { openSql, type Sql } from "../../db/sql.ts";

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;

/** The instance that holds the story. */
export const DEMO_INSTANCE = "prod_320C94C171133";

/** The user whose pushes stand in every state, and one of its devices. */
export const DEMO_USER = "u-1042";
export const DEMO_DEVICE = "d-9f3a61";

const ACTOR = { operator: "lin.wei", at: 0 };

const USER: Omit<NewConfig, "bizType" | "description"> = {
  scope: "single",
  target: "user",
  multiDevice: true,
  persistent: true,
  retentionDays: 30,
  threshold: null,
  consistency: false,
};
const DEVICE = { ...USER, target: "device" as const };

const CONFIGS: NewConfig[] = [
  { ...USER, bizType: "UCHAT", description: "Chat messages between customers and advisers" },
  { ...USER, bizType: "TRADE-RESULT", description: "Result of a trade, to the phone in use", multiDevice: false },
  {
    ...USER,
    bizType: "BALANCE-CHANGE",
    description: "Balance of an account changed",
    threshold: 20,
    consistency: true,
  },
  { ...USER, bizType: "COUPON", description: "Coupons granted to a customer", retentionDays: 14 },
  { ...USER, bizType: "TYPING", description: "The adviser is typing", persistent: false },
  { ...DEVICE, bizType: "DEVICE-LOCK", description: "Lock or unlock a lost device" },
  { ...DEVICE, bizType: "LOG-UPLOAD", description: "Ask a device to upload its log", retentionDays: 3 },
  { ...DEVICE, scope: "global", bizType: "GLOBAL-SDK-CONFIG", description: "Switches of the client, for every device" },
  { ...USER, scope: "global", bizType: "HOLIDAY-NOTICE", description: "Opening hours on public holidays" },
];

/**
 * @param url the database; its tables must be there.
 * @param pushes about how many pushes the week had.
 */
export async function fillDemoData(url: string, pushes = 4000): Promise<void> {
  const sql = openSql(url, { max: 2 });
  try {
    const now = Date.now();
    const instance = await makeCatalog(sql, now);
    await sql`select setseed(0.42)`;
    await sql.begin(async (tx) => {
      await tx`select setseed(0.42)`;
      await makePushes(tx as unknown as Sql, { instance, now, pushes });
    });
    await sql`analyze op, arrival`;
    await makeStory(sql, instance, now);
    await makeNumbers(sql, instance, now);
    await makeSessions(sql, instance, now);
    await makeRecords(sql, instance, now);
  } finally {
    await sql.end();
  }
}

async function makeCatalog(sql: Sql, now: number): Promise<number> {
  const store = postgresCatalog(sql);
  const actor = { ...ACTOR, at: now - 9 * DAY_MS };
  await store.createInstance(actor, { workspaceId: "prod", appId: "320C94C171133", name: "Harbour Bank" });
  await store.createInstance(actor, { workspaceId: "sit", appId: "320C94C171133", name: "Harbour Bank, test" });
  const { instances } = await store.load();
  const no = instances.find((one) => one.instanceId === DEMO_INSTANCE)?.no;
  if (no === undefined) throw new Error("Cannot fill: the instance was not made");
  for (const config of CONFIGS) await store.createConfig(actor, no, config);
  await store.createSecret(actor, no, "server");
  await store.createSecret(actor, no, "app");
  await store.setConfigStatus({ ...ACTOR, at: now - 2 * DAY_MS }, { instanceNo: no, bizType: "COUPON" }, "offline");
  return no;
}

interface Week {
  instance: number;
  now: number;
  pushes: number;
}

/** A week of pushes with the day's ups and downs; nearly all have arrived. */
async function makePushes(sql: Sql, { instance, now, pushes }: Week): Promise<void> {
  await sql`
    insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload)
    select instance, owner, config, row_number() over (partition by config, owner order by at),
      'm-' || lpad(to_hex((random() * 2147483647)::int), 8, '0') || '-' || n, at, at + retention_days::bigint * ${DAY_MS}::bigint,
      false, 't', '{"n":' || n || ',"text":"Your order has been carried out"}'
    from (
      select c.instance, c.no as config, c.retention_days, n,
        case when c.scope = 'global' then '' when c.target = 'user' then 'u-' || (1000 + (random() * 400)::int)
          else 'd-' || to_hex(10485760 + (random() * 400)::int) end as owner,
        (${now - 20_000} - 7 * ${DAY_MS}::bigint * r + 5400000 * sin(r * 44))::bigint as at
      from (select n, random() as r, random() as pick from generate_series(1, ${pushes}) n) x
      join lateral (
        select * from config c where c.instance = ${instance} and c.persistent and c.deleted_at is null
          and (c.scope = 'single' or x.pick < 0.005)
        order by (c.no * 7919 + x.n::bigint * 104729) % 101 - case when c.biz_type = 'UCHAT' then 60 else 0 end limit 1) c on true
    ) y where at < ${now}`;
  await sql`
    insert into arrival (instance, owner, config, id, at, device)
    select instance, owner, config, id, least(at + delay, ${now - 1}),
      'd-' || to_hex(10485760 + abs(hashtext(owner)) % 400)
    from (select *, (case when random() < 0.985 then 2 + exp(random() * 4.6) else 3000 + exp(random() * 13) end)::bigint as delay
      from op where instance = ${instance}) o where random() < 0.972`;
}

/** One user's pushes in every state, and dead letters. */
async function makeStory(sql: Sql, instance: number, now: number): Promise<void> {
  const add = (push: {
    biz: string;
    id: number;
    mid: string;
    age: number;
    payload: string | null;
    validFor?: number;
    os?: string;
    min?: string;
    dropped?: boolean;
  }) =>
    sql`
      insert into op (instance, owner, config, id, mid, at, valid_until, early, enc, payload, os, min_version, dropped)
      select instance, ${DEMO_USER}, no, ${push.id}, ${push.mid}, ${now - push.age},
        ${now - push.age + (push.validFor ?? 30 * DAY_MS)}, ${push.validFor !== undefined}, 't', ${push.payload},
        ${push.os ?? null}, ${push.min ?? null}, ${push.dropped ?? false}
      from config where instance = ${instance} and biz_type = ${push.biz} and deleted_at is null`;
  const trade = '{"order":"T-88121","state":"FILLED","quantity":300,"price":"41.20"}';
  await sql`delete from arrival where instance = ${instance} and owner = ${DEMO_USER}`;
  await sql`delete from op where instance = ${instance} and owner = ${DEMO_USER}`;
  await add({ biz: "TRADE-RESULT", id: 1, mid: "trade-88118", age: 9 * HOUR_MS, payload: trade });
  await add({ biz: "TRADE-RESULT", id: 2, mid: "trade-88119", age: 5 * HOUR_MS, payload: trade });
  await add({ biz: "TRADE-RESULT", id: 3, mid: "trade-88121", age: 95_000, payload: trade });
  await add({ biz: "UCHAT", id: 1, mid: "chat-5521", age: 7 * HOUR_MS, payload: "Good morning, how can we help?" });
  await add({ biz: "UCHAT", id: 2, mid: "chat-5522", age: 4 * HOUR_MS, payload: "Anything else?", validFor: HOUR_MS });
  await add({
    biz: "UCHAT",
    id: 3,
    mid: "chat-5530",
    age: 3 * HOUR_MS,
    payload: '{"card":"v2"}',
    os: "iOS",
    min: "9.4.0",
  });
  await add({ biz: "UCHAT", id: 4, mid: "chat-5534", age: 40_000, payload: "Your adviser has answered." });
  await add({ biz: "BALANCE-CHANGE", id: 1, mid: "bal-7710", age: 26 * HOUR_MS, payload: null, dropped: true });
  await sql`
    insert into arrival select o.instance, o.owner, o.config, o.id, o.at + 38, ${DEMO_DEVICE} from op o
    where o.instance = ${instance} and o.mid in ('trade-88118', 'chat-5521')`;
  await sql`
    insert into delivery select o.instance, o.owner, o.config, ${DEMO_DEVICE}, o.id, 2, o.at + 61000 from op o
    where o.instance = ${instance} and o.mid = 'trade-88121'`;
  await sql`
    insert into owed select o.instance, o.owner, o.config, ${DEMO_DEVICE}, o.id from op o
    where o.instance = ${instance} and o.mid = 'chat-5530'`;
  await sql`
    insert into dead_letter select o.instance, o.owner, o.config, ${DEMO_DEVICE}, o.id, o.mid, 'retries', 6, o.at + 250000
    from op o where o.instance = ${instance} and o.mid = 'trade-88119'`;
  await sql`
    insert into dead_letter select o.instance, o.owner, o.config, '', o.id, o.mid, 'threshold', 0, o.at + 900000
    from op o where o.instance = ${instance} and o.mid = 'bal-7710'`;
  await sql`
    insert into dead_letter
    select o.instance, o.owner, o.config, case when c.target = 'user' then 'd-' || to_hex(10485760 + o.id) else '' end,
      o.id, o.mid, 'retries', 6, o.at + 244000 + o.id
    from op o join config c on c.no = o.config and c.biz_type in ('UCHAT', 'DEVICE-LOCK')
    where o.instance = ${instance} and o.at < ${now - HOUR_MS} and o.owner <> ${DEMO_USER} and not exists (
      select from arrival a where a.instance = o.instance and a.owner = o.owner and a.config = o.config and a.id = o.id)
    order by o.at desc limit 46`;
}

/** The counters that the rows above would have made, and a week of connection samples. */
async function makeNumbers(sql: Sql, instance: number, now: number): Promise<void> {
  await sql`
    insert into stat select config, (at / ${HOUR_MS})::int, 0, count(*) from op where instance = ${instance} group by 1, 2`;
  await sql`
    insert into stat select config, (at / ${HOUR_MS})::int, 1, count(*) from arrival where instance = ${instance} group by 1, 2`;
  await sql`
    insert into stat select config, (at / ${HOUR_MS})::int, 2, count(*) from dead_letter
    where instance = ${instance} group by 1, 2`;
  await sql`
    insert into stat select config, (at / ${HOUR_MS})::int, 10 + width_bucket(latency,
      array[5.5, 10.5, 25.5, 50.5, 100.5, 250.5, 500.5, 1000.5, 5000.5, 60000.5]), count(*)
    from (select a.config, a.at, (a.at - o.at)::float8 as latency from arrival a
      join op o on o.instance = a.instance and o.owner = a.owner and o.config = a.config and o.id = a.id
      where a.instance = ${instance}) x group by 1, 2, 3`;
  await sql`
    insert into connection_sample select ${instance}, at, (820 + 610 * sin((at % ${DAY_MS}) / 13751000.0 - 2) + random() * 40)::int
    from generate_series(${Math.floor((now - 7 * DAY_MS) / 60_000) * 60_000}::bigint, ${now - 60_000}::bigint, 60000) at
    on conflict do nothing`;
}

/** Live sessions of a server process that is not ours. */
async function makeSessions(sql: Sql, instance: number, now: number): Promise<void> {
  await sql`insert into node values ('demo', ${now + DAY_MS}) on conflict do nothing`;
  await sql`insert into session (instance, device, connection, node, seq, os, app_version, foreground, user_id,
      consistency, connected_at)
    values (${instance}, ${DEMO_DEVICE}, 'c-1', 'demo', 1, 'android', '9.3.1', true, ${DEMO_USER}, 'valid', ${
    now - 47 * 60_000
  }),
      (${instance}, 'd-17c04e', 'c-2', 'demo', 1, 'ios', '9.2.0', false, ${DEMO_USER}, 'unknown', ${
    now - 6 * HOUR_MS
  })`;
}

/** What operators did in that week. */
async function makeRecords(sql: Sql, instance: number, now: number): Promise<void> {
  const add = (age: number, operator: string, action: string, object: string, before: unknown, after: unknown) =>
    sql`insert into record (at, operator, action, instance, object, before, after) values (${now - age}, ${operator},
      ${action}, ${instance}, ${object}, ${before as null}::text::json, ${after as null}::text::json)`;
  const coupon = { ...CONFIGS[3], status: "online" };
  const json = (value: unknown) => JSON.stringify(value);
  await add(3 * DAY_MS, "chen.yu", "config.changed", "COUPON", json({ ...coupon, retentionDays: 30 }), json(coupon));
  await add(
    2 * DAY_MS,
    "chen.yu",
    "data.sent",
    "UCHAT",
    null,
    json({ bizType: "UCHAT", linkToken: DEMO_USER, payload: "Hello" }),
  );
  await add(20 * HOUR_MS, "lin.wei", "kick", `user ${DEMO_USER}`, null, json({ userId: DEMO_USER }));
  await add(
    2 * HOUR_MS,
    "lin.wei",
    "config.changed",
    "BALANCE-CHANGE",
    json({ ...CONFIGS[2], description: "Balance changed", threshold: null }),
    json(CONFIGS[2]),
  );
}
