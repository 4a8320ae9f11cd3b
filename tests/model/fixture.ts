import type { Scope } from "../../src/protocol.ts";
import type { ModelConfig } from "./state.ts";

export const DEVICES = ["d0", "d1", "d2"];
export const USERS = ["uA", "uB"];
export const MAX_RETRIES = 2;

const PLAIN: ModelConfig = {
  scope: "single",
  target: "user",
  multiDevice: true,
  persistent: true,
  retentionDays: 30,
  threshold: null,
  consistency: false,
  online: true,
};

/** One config of every kind. */
export const CONFIGS: Record<string, ModelConfig> = {
  MULTI: PLAIN,
  ONE: { ...PLAIN, multiDevice: false },
  DEVICE: { ...PLAIN, target: "device" },
  GLOBAL: { ...PLAIN, scope: "global", target: "device" },
  "GLOBAL-USER": { ...PLAIN, scope: "global" },
  TICK: { ...PLAIN, persistent: false },
  "TICK-ONE": { ...PLAIN, persistent: false, multiDevice: false },
  CAP: { ...PLAIN, threshold: 2 },
  "CAP-ONE": { ...PLAIN, multiDevice: false, threshold: 2 },
  "CAP-GLOBAL": { ...PLAIN, scope: "global", target: "device", threshold: 2 },
  SAFE: { ...PLAIN, consistency: true },
  "SAFE-ONE": { ...PLAIN, multiDevice: false, consistency: true, retentionDays: 2 },
};

export const BIZ = Object.keys(CONFIGS);

/** The scope of each config on the wire. */
export const scopesOf = new Map<string, Scope>(
  Object.entries(CONFIGS).map(([biz, { scope, target }]) => [
    biz,
    scope === "single" ? target : target === "user" ? "globalUser" : "global",
  ]),
);
