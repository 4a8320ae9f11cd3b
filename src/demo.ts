import type { CatalogStore } from "../db/catalog_store.ts";
import { Refused } from "../db/refused.ts";

/** The demo instance (OPS-4): its id, and its configs. */
export const DEMO_INSTANCE = "default_demo";

const CONFIGS = [
  { bizType: "UCHAT", description: "Chat messages to all devices of a user", target: "user", multiDevice: true },
  {
    bizType: "TRADE-RESULT",
    description: "Payment results to one device of a user",
    target: "user",
    multiDevice: false,
  },
  { bizType: "DEVICE-LOCK", description: "Locks one device", target: "device", multiDevice: true },
  { bizType: "GLOBAL-SDK-CONFIG", description: "SDK settings for everybody", target: "device", multiDevice: true },
] as const;

/** Makes the demo instance on a database that has no instance yet; of several processes one does. @returns whether it did */
export async function seedDemo(store: CatalogStore, now: number): Promise<boolean> {
  if ((await store.load()).instances.length > 0) return false;
  const actor = { operator: "demo", at: now };
  try {
    await store.createInstance(actor, { workspaceId: "default", appId: "demo", name: "Demo" });
  } catch (error) {
    // another process that started at the same moment makes it
    if (error instanceof Refused) return false;
    throw error;
  }
  const instance = (await store.load()).instances.find((one) => one.instanceId === DEMO_INSTANCE)!;
  await store.changeInstance(actor, instance.no, { signature: false });
  for (const config of CONFIGS) {
    const scope = config.bizType.startsWith("GLOBAL-") ? "global" : "single";
    const kept = { persistent: true, retentionDays: 30, threshold: null, consistency: false };
    await store.createConfig(actor, instance.no, { ...config, scope, ...kept });
  }
  return true;
}
