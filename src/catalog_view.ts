import type { Catalog, CatalogChange, Config, Instance } from "../db/catalog.ts";
import type { CatalogSnapshot } from "../db/catalog_store.ts";

/** One snapshot of the catalog, indexed for every way it is asked. Immutable. */
export class CatalogView implements Omit<Catalog, "onChange"> {
  readonly version: number;
  readonly #instances: readonly Instance[];
  readonly #byId: ReadonlyMap<string, Instance>;
  readonly #byNo: ReadonlyMap<number, Instance>;
  readonly #configs: ReadonlyMap<number, Config>;
  readonly #ofInstance: ReadonlyMap<number, ReadonlyMap<string, Config>>;

  constructor({ version, instances, configs }: CatalogSnapshot) {
    this.version = version;
    this.#instances = instances;
    this.#byId = new Map(instances.map((instance) => [instance.instanceId, instance]));
    this.#byNo = new Map(instances.map((instance) => [instance.no, instance]));
    this.#configs = new Map(configs.map((config) => [config.no, config]));
    this.#ofInstance = new Map(
      [...Map.groupBy(configs, (config) => config.instance)]
        .map(([no, own]) => [no, new Map(own.map((config) => [config.bizType, config]))]),
    );
  }

  instance(instanceId: string): Instance | undefined {
    return this.#byId.get(instanceId);
  }

  instanceByNo(no: number): Instance | undefined {
    return this.#byNo.get(no);
  }

  config(instanceNo: number, bizType: string): Config | undefined {
    return this.#ofInstance.get(instanceNo)?.get(bizType);
  }

  configByNo(no: number): Config | undefined {
    return this.#configs.get(no);
  }

  configsOf(instanceNo: number): readonly Config[] {
    return [...this.#ofInstance.get(instanceNo)?.values() ?? []];
  }

  instances(): readonly Instance[] {
    return this.#instances;
  }

  /** What differs in `next`, by key; both lists are empty where nothing does. */
  changesTo(next: CatalogView): CatalogChange {
    return { configs: diff(this.#configs, next.#configs), instances: diff(this.#byNo, next.#byNo) };
  }
}

function diff<T>(
  before: ReadonlyMap<number, T>,
  after: ReadonlyMap<number, T>,
): { before: T | undefined; after: T | undefined }[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((no) => ({ before: before.get(no), after: after.get(no) }))
    .filter((pair) => JSON.stringify(pair.before) !== JSON.stringify(pair.after));
}
