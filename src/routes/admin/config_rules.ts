import type { NewConfig as StoredNewConfig } from "../../../db/catalog_store.ts";
import type { Config } from "../../../db/catalog.ts";
import { Refused } from "../../../db/refused.ts";
import type { ConfigPatch, NewConfig } from "./config_schemas.ts";

/**
 * Fills in `multiDevice` and checks the combination. Absent, `multiDevice` is false for single + user (one push, one
 * device: what is sent to one device only can be widened by a new config, the reverse would surprise) and true
 * elsewhere, where it is no choice (CFG-2).
 *
 * @throws {Refused} `ARGS_ILLEGAL` naming the field.
 */
export function newConfig(input: NewConfig): StoredNewConfig {
  const config = { ...input, multiDevice: input.multiDevice ?? !isChoice(input) };
  if (!isChoice(config) && !config.multiDevice) {
    refuse("multiDevice", "can be false only for scope single and target user: all other configs are per device");
  }
  checkCombination(config);
  return config;
}

function isChoice(config: Pick<Config, "scope" | "target">): boolean {
  return config.scope === "single" && config.target === "user";
}

/** CFG-2, for new and for changed configs. @throws {Refused} `ARGS_ILLEGAL` naming the field. */
export function checkCombination(
  config: Pick<Config, "scope" | "target" | "persistent" | "threshold" | "consistency">,
): void {
  if (config.scope === "global" && !config.persistent) {
    refuse("persistent", "must be true for scope global: a global push waits for each client's next foreground");
  }
  if (config.consistency && config.target !== "user") {
    refuse("consistency", "must be false for target device: there is no user to validate");
  }
  if (config.threshold !== null && !config.persistent) {
    refuse("threshold", "must be null where persistent is false: nothing is kept that could be over it");
  }
}

const FIXED = ["bizType", "scope", "target", "multiDevice"] as const;

/** CFG-3: what never changes may be repeated as it is, not changed. @throws {Refused} `ARGS_ILLEGAL` */
export function checkFixed(config: Config, patch: ConfigPatch): void {
  for (const field of FIXED) {
    if (patch[field] !== undefined && patch[field] !== config[field]) {
      refuse(field, `never changes (it is ${config[field]}): make a new config`);
    }
  }
  if (patch.status !== undefined && patch.status !== config.status) {
    refuse("status", "is changed by POST …/online and POST …/offline");
  }
}

function refuse(field: string, rule: string): never {
  throw new Refused("ARGS_ILLEGAL", `${field} ${rule}`, field);
}
