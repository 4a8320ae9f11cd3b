/** Which stream of a config is whose. */
import type { Config } from "../db/catalog.ts";
import type { Scope } from "../src/protocol.ts";
import type { LaneStream } from "./lane_state.ts";

/** Whose streams one set of lanes carries: a user's, on a device, or a device's. */
export type Subject = { kind: "user" | "device"; subject: string; deviceId: string };

/** Whether a config's streams belong to users or to devices, from the point of view of one set. */
export function concerns(config: Config, kind: "user" | "device"): boolean {
  return config.target === kind && config.persistent;
}

/** A single-device stream: each op goes to one of the user's sessions (DEV-2). */
export const isShared = (config: Config) => config.scope === "single" && !config.multiDevice && config.persistent;

/** The scope of a config's streams on the wire. */
export function scopeOf(config: Config): Scope {
  if (config.scope === "global") return config.target === "user" ? "globalUser" : "global";
  return config.target;
}

/** The stream of a config that this subject gets. */
export function streamOf(config: Config, { kind, subject, deviceId }: Subject): LaneStream {
  const global = config.scope === "global";
  const shared = kind === "user" && !global && !config.multiDevice;
  const device = kind === "user" && !shared ? deviceId : "";
  const target = { instance: config.instance, subject, config: config.no, device };
  const owner = global ? "" : subject;
  return { config: config.no, biz: config.bizType, scope: scopeOf(config), owner, target, shared };
}
