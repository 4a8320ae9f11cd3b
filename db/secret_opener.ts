import type { CatalogSnapshot } from "./catalog_store.ts";
import type { Instance } from "./catalog.ts";
import type { SecretBox } from "./secret_box.ts";

type Stored = Instance["secrets"][number];

/** Opens the secrets of a catalog as it was read; what was opened for the snapshot before is not opened again. */
export class SecretOpener {
  readonly #box: SecretBox;
  readonly #unreadable: (error: unknown) => void;
  #opened = new Map<string, string>();

  constructor(box: SecretBox, unreadable: (error: unknown) => void) {
    this.#box = box;
    this.#unreadable = unreadable;
  }

  /** A secret that cannot be read is reported and left out: one of them must not keep configs from being stopped. */
  async open(snapshot: CatalogSnapshot): Promise<CatalogSnapshot> {
    const opened = new Map<string, string>();
    const open = async ({ no }: Instance, { id, kind, secret, createdAt }: Stored): Promise<Stored[]> => {
      const key = `${no} ${kind} ${id} ${secret}`;
      try {
        const text = this.#opened.get(key) ?? await this.#box.open(secret, { id, instance: no, kind });
        opened.set(key, text);
        return [{ id, kind, secret: text, createdAt }];
      } catch (error) {
        this.#unreadable(error);
        return [];
      }
    };
    const instances = await Promise.all(snapshot.instances.map(async (instance) => ({
      ...instance,
      secrets: (await Promise.all(instance.secrets.map((stored) => open(instance, stored)))).flat(),
    })));
    this.#opened = opened;
    return { ...snapshot, instances };
  }
}
