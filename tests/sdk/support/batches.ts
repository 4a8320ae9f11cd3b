import { op, type Wire } from "./wire.ts";

/** Says a batch of the device's config, from an id to the last of its ops. */
export const sync = (wire: Wire, from: number, ops: { id: number; pl?: string; isB?: true }[], biz = "LOCK") =>
  wire.say({
    type: "sync",
    batches: [{
      scope: "device",
      biz,
      from,
      to: ops.at(-1)!.id,
      ops: ops.map((o) => ({ ...op(o.id, o.pl), ...(o.isB ? { isB: o.isB } : {}) })),
    }],
  });

/** The last point that was acked. */
export const acked = (wire: Wire) => wire.last("ack")?.id;
