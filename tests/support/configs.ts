import type { ConfigChange, NewConfig } from "../../db/catalog_store.ts";
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import type { Config } from "../../db/catalog.ts";
import type { TestServer } from "./server.ts";

const ACTOR = { operator: "tester", at: 1_732_000_000_000 };

/** A config to every device of a user that keeps all its ops; tests name what is different. */
const PLAIN: NewConfig = {
  bizType: "PLAIN",
  description: "for a test",
  scope: "single",
  target: "user",
  multiDevice: true,
  persistent: true,
  retentionDays: 30,
  threshold: null,
  consistency: false,
};

/** Makes a config of `default_demo`; the server knows it when this resolves. @returns its `no` */
export async function makeConfig(
  { services: { sql, catalog } }: TestServer,
  fields: Partial<NewConfig> & { bizType: string },
): Promise<number> {
  const { no } = catalog.instance("default_demo")!;
  await postgresCatalog(sql).createConfig(ACTOR, no, { ...PLAIN, ...fields });
  await catalog.refresh();
  return catalog.config(no, fields.bizType)!.no;
}

/** Changes fields of a config; the server acts on it when this resolves. */
export async function changeConfig(
  { services: { sql, catalog } }: TestServer,
  bizType: string,
  change: ConfigChange,
): Promise<void> {
  const { no } = catalog.instance("default_demo")!;
  await postgresCatalog(sql).changeConfig(ACTOR, { instanceNo: no, bizType }, change, () => {});
  await catalog.refresh();
}

/** Takes a config offline or puts it online; the server acts on it when this resolves. */
export async function setStatus(
  { services: { sql, catalog } }: TestServer,
  bizType: string,
  status: Config["status"],
): Promise<void> {
  const { no } = catalog.instance("default_demo")!;
  await postgresCatalog(sql).setConfigStatus(ACTOR, { instanceNo: no, bizType }, status);
  await catalog.refresh();
}

/** `Config.no` of a config of `default_demo`. */
export function configNo({ services: { catalog } }: TestServer, bizType: string): number {
  return catalog.config(catalog.instance("default_demo")!.no, bizType)!.no;
}
