import { DAY_MS } from "../actors/eligibility.ts";
import type { Bus } from "../actors/bus.ts";
import { QueueFullError } from "../db/append_queue.ts";
import type { Catalog, Config, Instance } from "../db/catalog.ts";
import type { LoggedOp } from "../db/delivery.ts";
import type { Appended, NewOp } from "../db/oplog.ts";
import { wireForm } from "../db/payload.ts";
import type { Clock } from "./clock.ts";
import type { Endpoint, PushRequest } from "./push_request.ts";
import type { PushAnswer } from "./result_codes.ts";

/** Where pushes are counted, by instance. */
export interface PushMetrics {
  stored(instanceId: string): void;
  duplicate(instanceId: string): void;
}

export type PushDeps = {
  catalog: Catalog;
  /** Resolves once the op's fate is committed. */
  append: (op: NewOp) => Promise<Appended>;
  bus: Bus;
  clock: Clock;
  metrics: PushMetrics;
  /** Awaited before a not persistent push is handed on, of which the log keeps nothing. @default nothing */
  beforeVolatile?: () => Promise<void>;
  /** Told of what was our fault. */
  failed: (error: unknown) => void;
};

/**
 * Append, then notify: takes a push that is well-formed and signed, and answers it. A true answer for a persistent config
 * means that the op is on disk (PUSH-3); SUCCESS or NOT_ONLINE is what the owner's actor decided.
 */
export async function push(
  deps: PushDeps,
  instance: Instance,
  endpoint: Endpoint,
  request: PushRequest,
): Promise<PushAnswer> {
  const config = deps.catalog.config(instance.no, request.bizType);
  if (config?.status !== "online") return offline(request.bizType);
  if ((config.scope === "global") !== (endpoint === "global")) {
    const other = config.scope === "global" ? "global" : "single";
    return refuse("NOT_SUPPORT_GLOBAL", `bizType ${config.bizType} is ${other}: use /webapi/sync/${other}`);
  }
  try {
    return config.persistent
      ? await pushPersistent(deps, instance, config, request)
      : await pushVolatile(deps, config, request);
  } catch (error) {
    if (error instanceof QueueFullError) return refuse("SYSTEM_BUSY", "Too many pushes are waiting: come back later");
    deps.failed(error);
    return refuse("SYSTEM_ERROR", "The push could not be stored: nothing was promised, the same call may be repeated");
  }
}

async function pushPersistent(
  { append, bus, clock, metrics, failed }: PushDeps,
  instance: Instance,
  config: Config,
  request: PushRequest,
): Promise<PushAnswer> {
  const op = newOp(config, request, clock.now());
  const result = await append(op);
  switch (result.outcome) {
    case "stored": {
      metrics.stored(instance.instanceId);
      const deliver = () => bus.deliver(config, op.owner, () => loggedOp(op, result.id), result.prev);
      return { success: true, msg: handOn(deliver, failed) };
    }
    case "duplicate":
      metrics.duplicate(instance.instanceId);
      return { success: true, msg: "DUPLICATED_BIZ_ID" };
    case "offline":
      return offline(config.bizType);
    case "expired":
      return expired();
  }
}

/** The op is on disk: whatever goes wrong from here on, the answer is true, and the hint is found again (STR-3). */
function handOn(deliver: () => boolean, failed: (error: unknown) => void): "SUCCESS" | "NOT_ONLINE" {
  try {
    return deliver() ? "SUCCESS" : "NOT_ONLINE";
  } catch (error) {
    failed(error);
    return "NOT_ONLINE";
  }
}

async function pushVolatile(
  { bus, clock, beforeVolatile }: PushDeps,
  config: Config,
  request: PushRequest,
): Promise<PushAnswer> {
  const op = newOp(config, request, clock.now());
  if (op.validUntil <= op.at) return expired();
  if (beforeVolatile) await beforeVolatile();
  return { success: true, msg: bus.deliverVolatile(config, op.owner, loggedOp(op, 0)) ? "SUCCESS" : "NOT_ONLINE" };
}

function loggedOp({ mid, at, validUntil, os, minVersion, maxVersion, binary, payload }: NewOp, id: number): LoggedOp {
  const wire = wireForm({ id, mid, at, enc: binary ? "b" : "t", payload });
  return { id, mid, at, validUntil, os, minVersion, maxVersion, ...wire };
}

function newOp(config: Config, request: PushRequest, at: number): NewOp {
  const retentionEnd = at + config.retentionDays * DAY_MS;
  const validUntil = Math.min(request.validTimeEnd ?? retentionEnd, retentionEnd);
  return {
    config: config.no,
    owner: config.scope === "global" ? "" : request.linkToken,
    mid: request.thirdMsgId,
    at,
    validUntil,
    early: validUntil < retentionEnd,
    payload: request.payload,
    binary: request.binary,
    os: request.osType,
    minVersion: request.appMinVersion,
    maxVersion: request.appMaxVersion,
  };
}

const refuse = (msg: PushAnswer["msg"], detail: string): PushAnswer => ({ success: false, msg, detail });
const offline = (bizType: string) => refuse("BIZ_NOT_ONLINE", `bizType ${bizType} is not an online sync config`);
const expired = () => refuse("ARGS_ILLEGAL", "validTimeEnd has passed: the push could never be delivered");
