import type { NewConfig } from "../../db/catalog_store.ts";
import type { DeliveryStore, Progress, Target } from "../../db/delivery.ts";
import { postgresDelivery } from "../../db/delivery_postgres.ts";
import type { NewOp } from "../../db/oplog.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import type { PushCursor, PushItem, PushQuery, PushStates } from "../../db/push_states.ts";
import { postgresPushStates } from "../../db/push_states_postgres.ts";
import { ACTOR, type CatalogDatabase, catalogDatabase, USER_CONFIG } from "./catalog.ts";

export const NOW = ACTOR.at;
export const DAY_MS = 24 * 3600_000;
export const MULTI: NewConfig = { ...USER_CONFIG, bizType: "MULTI", multiDevice: true };
export const DEVICE: NewConfig = { ...MULTI, bizType: "DEVICE", target: "device" };
export const GLOBAL: NewConfig = { ...MULTI, bizType: "GLOBAL", scope: "global", target: "device" };

type OpInput = Partial<NewOp> & { owner: string; bizType?: string };

/** A log with these configs, of which the first is meant where none is named, and `u-1` where no owner is. */
export async function openLog(...configs: [NewConfig, ...NewConfig[]]) {
  const db: CatalogDatabase = await catalogDatabase();
  for (const config of configs) await db.store.createConfig(ACTOR, db.instanceNo, config);
  const numbers = new Map((await db.store.load()).configs.map((config) => [config.bizType, config.no]));
  const delivery: DeliveryStore = postgresDelivery(db.sql);
  const pushStates: PushStates = postgresPushStates(db.sql);
  const oplog = postgresOplog(db.sql);
  const no = (bizType: string = configs[0].bizType) => numbers.get(bizType) ?? 0;
  const empty = { points: [], arrivals: [], sent: [], done: [], settled: [], discarded: [], at: NOW };
  let mids = 0;

  const op = ({ bizType, ...fields }: OpInput): NewOp => {
    const at = fields.at ?? NOW;
    const validity = { validUntil: at + 30 * DAY_MS, early: false };
    const content = { payload: "hello", binary: false, os: null, minVersion: null, maxVersion: null };
    return { config: no(bizType), mid: `m-${++mids}`, at, ...validity, ...content, ...fields };
  };
  const list = (query: Partial<PushQuery>) =>
    pushStates.list({ instanceNo: db.instanceNo, limit: 100, now: NOW + 1, ...query });
  const stream = (owner = "u-1") => ({ instance: db.instanceNo, owner, config: no() });
  const target = (device: string): Target => ({ instance: db.instanceNo, subject: "u-1", config: no(), device });

  return {
    db,
    delivery,
    pushStates,
    no,
    op,
    list,
    stream,
    at: (device: string, id: number) => ({ ...target(device), id }),
    point: (device: string, point: number) => ({ ...target(device), point }),
    append: (ops: NewOp[]) => oplog.append(ops),
    push: (input: OpInput) => oplog.append([op(input)]),
    save: (progress: Partial<Progress>) => delivery.save({ ...empty, ...progress }),
    detail: (id: number, owner: string) =>
      pushStates.detail({ instanceNo: db.instanceNo, bizType: configs[0].bizType, owner, id, now: NOW + 1 }),
    /** States of all pushes, newest id first. */
    states: async () => (await list({})).items.sort((a, b) => b.id - a.id).map((item) => item.state),
    state: async (id: number, now = NOW + 1) => (await list({ now })).items.find((item) => item.id === id)?.state,
    async all(query: Partial<PushQuery>): Promise<PushItem[]> {
      const items: PushItem[] = [];
      let after: PushCursor | null | undefined;
      while (after !== null) {
        const page = await list({ ...query, after });
        items.push(...page.items);
        after = page.next;
      }
      return items;
    },
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}
