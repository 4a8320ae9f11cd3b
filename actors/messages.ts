/** What actors are told. Everything that comes from a socket or a timer names its connection: an old one is ignored. */
import type { Config } from "../db/catalog.ts";
import type { LoggedOp, Page } from "../db/delivery.ts";
import type { Ack, Consistency } from "../src/protocol.ts";
import type { LaneSetEvent, LaneStart } from "./lane_set.ts";

/** Hints: the log holds the truth, losing or repeating them loses and repeats nothing (STR-3). */
export type Hint =
  | { type: "appended"; config: Config; op: LoggedOp; prev: number }
  | { type: "head"; config: Config; id: number };

type OfSession =
  | { type: "opened"; starts: readonly LaneStart[] }
  | { type: "ack"; frame: Ack }
  | { type: "foreground" }
  | { type: "missed"; config: Config; upTo: number }
  | { type: "heard" }
  | { type: "lanes"; event: LaneSetEvent };

export type DeviceMessage =
  | Hint
  | { type: "config"; before: Config | undefined; after: Config | undefined }
  | (OfSession & { connectionId: string });

export type UserMessage =
  | Hint
  | { type: "config"; before: Config | undefined; after: Config | undefined }
  | { type: "instance"; urlChanged: boolean }
  | { type: "page"; config: number; ticket: number; page: Page | null }
  | (OfSession & { connectionId: string })
  | { type: "left"; connectionId: string }
  | { type: "verdict"; connectionId: string; token: number; verdict: Consistency }
  | { type: "askAgain"; connectionId: string; token: number };
