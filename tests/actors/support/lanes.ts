import type { Config } from "../../../db/catalog.ts";
import type { TargetOp } from "../../../db/delivery.ts";
import { clientOf } from "../../../actors/eligibility.ts";
import {
  type InFlight,
  type Lane,
  type LaneContext,
  type LaneEffect,
  type LaneStream,
  newLane,
} from "../../../actors/lane_state.ts";

export const NOW = 1_732_000_000_000;
export const DAY = 86_400_000;

/** A config as the demo's UCHAT: user, multi-device. */
export const UCHAT: Config = {
  no: 1,
  instance: 1,
  bizType: "UCHAT",
  description: "chat",
  scope: "single",
  target: "user",
  multiDevice: true,
  persistent: true,
  retentionDays: 30,
  threshold: null,
  consistency: false,
  status: "online",
  floor: 0,
  createdAt: NOW,
  updatedAt: NOW,
};

export const STREAM: LaneStream = {
  config: 1,
  biz: "UCHAT",
  scope: "user",
  owner: "u-1",
  target: { instance: 1, subject: "u-1", config: 1, device: "d-1" },
  shared: false,
};

export function op(id: number, fields: Partial<TargetOp> = {}): TargetOp {
  const json = `{"id":${id},"mid":"m-${id}","at":${NOW},"pl":"x"}`;
  return {
    id,
    mid: `m-${id}`,
    at: NOW,
    validUntil: NOW + 30 * DAY,
    os: null,
    minVersion: null,
    maxVersion: null,
    json,
    bytes: json.length,
    attempts: 0,
    recorded: false,
    ...fields,
  };
}

/** A context whose tickets count from 100. */
export function context(fields: Partial<LaneContext> = {}): LaneContext {
  let tickets = 99;
  return {
    now: NOW,
    config: UCHAT,
    client: clientOf("android", "1.2.0"),
    policy: { timeoutMs: 10_000, timeoutMaxMs: 60_000, maxRetries: 6 },
    limits: { ops: 100, bytes: 262_144 },
    ticket: () => ++tickets,
    ...fields,
  };
}

export function inFlight(id: number, fields: Partial<InFlight> = {}): InFlight {
  const base = {
    attempts: 0,
    sentAt: NOW,
    due: NOW + 10_000,
    late: false,
    probed: false,
    recorded: false,
    owed: false,
  };
  return { op: op(id), ...base, ...fields };
}

export function lane(fields: Partial<Lane> = {}): Lane {
  const made = { ...newLane(STREAM, 0, 0), phase: { kind: "ready" } as const, ...fields };
  return { ...made, windowBytes: made.window.reduce((sum, item) => sum + item.op.bytes, 0) };
}

const idsOf = (items: readonly InFlight[]) => items.map((item) => item.op.id).join(",");

/** An effect as text, e.g. `send (10,12] 11,12`. */
export function effectAsText(effect: LaneEffect): string {
  switch (effect.type) {
    case "send": {
      const { interval, late, ops, gone } = effect.batch;
      const range = interval ? ` (${interval.from},${interval.to}]` : "";
      const told = gone ? ` gone ${gone.join(",")}` : "";
      return `send${late ? " late" : ""}${range} ${ops.map((one) => one.id).join(",") || "nothing"}${told}`;
    }
    case "read":
      return effect.ids ? `read ids ${effect.ids.join(",")}` : `read after ${effect.after} limit ${effect.limit}`;
    case "point":
      return `point ${effect.id}`;
    case "probe":
      return "probe";
    case "ignoredAck":
      return `ignored acks ${effect.count}`;
    default:
      return `${effect.type} ${idsOf(effect.items)}`;
  }
}

/** Lane and effects as text: `phase [window] read-to | effect | …`. */
export function stepAsText(
  { lane: { phase, window, readTo }, effects }: { lane: Lane; effects: LaneEffect[] },
): string {
  return [`${phase.kind} [${idsOf(window)}] read to ${readTo}`, ...effects.map(effectAsText)].join(" | ");
}
