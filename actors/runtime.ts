import type { Catalog } from "../db/catalog.ts";
import type { DeliveryStore } from "../db/delivery.ts";
import type { Clock } from "../src/clock.ts";
import type { RetryPolicy } from "./backoff.ts";
import type { LaneLimits } from "./lane_state.ts";
import type { Reader } from "./reader.ts";
import type { Recorder } from "./recorder.ts";

/** Counters and histograms that the actors feed; no ids, so that their labels stay few. */
export interface ActorMetrics {
  sent(instanceId: string, count: number): void;
  acked(instanceId: string, count: number): void;
  retried(instanceId: string, count: number): void;
  discarded(instanceId: string, count: number): void;
  ignoredAcks(instanceId: string, count: number): void;
  /** From acceptance to acknowledgement, ms. */
  latency(ms: number): void;
}

/** The log of the process, as far as actors need it. */
export type Log = (level: "debug" | "info" | "warning" | "error", message: string, fields?: object) => void;

/** What every actor is given. */
export interface Runtime {
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly store: DeliveryStore;
  readonly reader: Reader;
  readonly recorder: Recorder;
  readonly policy: RetryPolicy;
  readonly limits: LaneLimits;
  readonly metrics: ActorMetrics;
  readonly log: Log;
  /** Head of a global stream as far as this process knows (GLB-4). */
  globalHead(config: number): number;
  /** Fresh numbers for reads. */
  ticket(): number;
}
