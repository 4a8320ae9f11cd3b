/** What an app says at the start, and what becomes of it. */
import type { Settings } from "./core/model.ts";
import type { Parts } from "./engine.ts";
import { systemClock } from "./platform/clock.ts";
import type { Platform } from "./platform/platform.ts";
import type { MetaConfig, SyncOptions, Timing } from "./types.ts";
import { VERSION } from "./version.ts";

export const DEFAULT_TIMING: Timing = {
  baseMs: 1000,
  maxMs: 60_000,
  connectMs: 20_000,
  pongMs: 10_000,
  probeMs: 5000,
  stableMs: 30_000,
  stealMs: 3000,
};

/**
 * @throws TypeError if neither `config` nor `server` and `instanceId` say whom to connect to, or an id has no valid form
 */
export function resolveOptions(options: SyncOptions, platform: Platform): Omit<Parts, "store"> & { name: string } {
  const { config } = options;
  const named = config?.workspaceId && config.appId;
  const instanceId = options.instanceId ?? (named ? `${config.workspaceId}_${config.appId}` : "");
  const server = options.server ?? (config ? address(config) : "");
  if (!instanceId || !server) {
    throw new TypeError("Cannot start: needs config, or server and instanceId");
  }
  const webSocket = options.webSocket ?? platform.webSocket;
  if (!webSocket) throw new TypeError("Cannot start: needs webSocket");
  if (options.deviceId !== undefined && !isId(options.deviceId)) throw new TypeError("Cannot start: invalid deviceId");
  const settings: Settings = {
    instanceId,
    deviceId: options.deviceId,
    about: {
      sdk: `syncline-js/${VERSION}`,
      os: options.os ?? platform.os,
      appVersion: options.appVersion || undefined,
    },
    keepInBackground: options.keepInBackground ?? false,
    timing: { ...DEFAULT_TIMING, ...options.timing },
  };
  // What makes an installation: it has a store and a lead of its own.
  const name = `syncline-${instanceId}${options.deviceId ? `-${options.deviceId}` : ""}`;
  return {
    name,
    settings,
    url: socketUrl(server, options.tls ?? platform.secure),
    secret: options.secret,
    webSocket,
    lead: (events) => platform.lead(name, events),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}

function address(config: MetaConfig): string {
  return !config.syncport || config.syncserver.includes("://")
    ? config.syncserver
    : `${config.syncserver}:${config.syncport}`;
}

/** Written by hand because React Native's `URL` cannot do it. */
export function socketUrl(server: string, secure: boolean): string {
  const [, scheme, host = "", path = ""] = /^(?:(wss?|https?):\/\/)?([^/]*)(.*)$/i.exec(server) ?? [];
  const tls = scheme ? /s$/i.test(scheme) : secure || host.endsWith(":443");
  return `${tls ? "wss" : "ws"}://${host}${path === "" || path === "/" ? "/sync" : path}`;
}

/** User, session and device ids: 1-100 characters, no control characters, well-formed. */
export function isId(value: unknown): value is string {
  // Cs: lone surrogates; `isWellFormed` is too new for some phones.
  return typeof value === "string" && value.length <= 100 && /^[^\p{Cc}\p{Cs}]+$/u.test(value);
}

/** 1-30 of `A-Z a-z 0-9 - _` (CFG-1). */
export function isBizType(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{1,30}$/.test(value);
}

/** @throws TypeError if it is none */
export function checkBizType(value: string): void {
  if (!isBizType(value)) throw new TypeError("Invalid bizType");
}
