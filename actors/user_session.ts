import type { Config } from "../db/catalog.ts";
import type { LaneSet } from "./lane_set.ts";
import type { InFlight } from "./lane_state.ts";
import { verdictOf, type VerdictState } from "./user_state.ts";

/** A user bound on one session. */
export type UserSession = {
  readonly connectionId: string;
  readonly deviceId: string;
  readonly sessionId: string;
  lanes: LaneSet;
  /** Lanes to start over with after a failure. */
  readonly newLanes: () => LaneSet;
  verdict: VerdictState;
  /** Single-device ops that were taken from this session when it lost its verdict: it may still acknowledge them. */
  released: Map<number, readonly InFlight[]>;
  /** Whether frames may be sent that are not part of the replay. */
  readonly welcomed: () => boolean;
  /** Tells the session that the verdict changed. */
  readonly announce: (verdict: "valid" | "invalid" | "unknown") => void;
};

/** A single-device stream: each op goes to one of the user's sessions (DEV-2). */
export const isShared = (config: Config) => config.scope === "single" && !config.multiDevice && config.persistent;

/** Whether ops of this config may be sent on the session now (CFG-4, SES-4). */
export function mayReceive(config: Config, verdict: VerdictState): boolean {
  return config.status === "online" && (!config.consistency || verdictOf(verdict) === "valid");
}
