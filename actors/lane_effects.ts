/** Does what the steps of a session's lanes ask for: sends, records, reads. */
import type { Config } from "../db/catalog.ts";
import type { TargetOp } from "../db/delivery.ts";
import { admits } from "./eligibility.ts";
import type { LaneSet } from "./lane_set.ts";
import type { InFlight, Lane, LaneEffect } from "./lane_state.ts";

export function perform(set: LaneSet, config: Config, lane: Lane, effect: LaneEffect): void {
  const { connection, instance: { instanceId }, deviceId } = set.session;
  const { runtime, kind } = set.owner;
  const { recorder, metrics, clock } = runtime;
  const { target, owner, shared } = lane.stream;
  switch (effect.type) {
    case "send":
      connection.queue(effect.batch);
      recorder.sent(target, effect.first);
      return metrics.sent(instanceId, effect.batch.ops.length);
    case "read":
      return read(set, config, lane, effect);
    case "acked":
      recorder.acked(target, owner, deviceId, effect.items);
      // a single-device acknowledgement is committed before anything else is decided on the op (DEV-2)
      if (shared) void recorder.flush();
      set.owner.ended(config, idsOf(effect.items));
      for (const item of effect.items) metrics.latency(Math.max(0, clock.now() - item.op.at));
      return metrics.acked(instanceId, effect.items.length);
    case "point":
      return recorder.point({ ...target, device: kind === "user" ? deviceId : "" }, effect.id);
    case "retried":
      recorder.sent(target, effect.items);
      return metrics.retried(instanceId, effect.items.length);
    case "expired":
      set.owner.ended(config, idsOf(effect.items));
      return recorder.expired(target, effect.items);
    case "discarded": {
      const ids = idsOf(effect.items);
      set.owner.ended(config, ids);
      recorder.discarded(target, effect.items);
      void recorder.flush().then(() => set.post({ type: "lane", config: config.no, event: { type: "buried", ids } }));
      const fields = { instance: instanceId, bizType: config.bizType, ids };
      runtime.log("warning", "op discarded after the last retry", fields);
      return metrics.discarded(instanceId, ids.length);
    }
    case "probe":
      return connection.probe();
    case "ignoredAck":
      return metrics.ignoredAcks(instanceId, effect.count);
  }
}

function read(set: LaneSet, config: Config, lane: Lane, effect: LaneEffect & { type: "read" }): void {
  const { target, owner } = lane.stream;
  const { ticket, after, limit, ids } = effect;
  const { client } = set.session;
  set.owner.runtime.reader.read({
    instance: target.instance,
    subject: target.subject,
    device: target.device,
    owner,
    config,
    after,
    until: lane.until,
    limit,
    ...(ids ? { ids } : {}),
    unarrived: false,
    owes: true,
    plain: !set.isMarked(config.no),
    admits: (op: TargetOp) => admits(op, client),
    done: (page) => set.post({ type: "lane", config: config.no, event: { type: "page", ticket, page } }),
    failed: () => set.post({ type: "lane", config: config.no, event: { type: "readFailed", ticket } }),
  });
}

const idsOf = (items: readonly InFlight[]) => items.map((item) => item.op.id);
