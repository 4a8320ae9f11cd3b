import type { Scope } from "../../src/protocol.ts";
import type { RawClient } from "../support/client.ts";

/** Ids of all ops so far of one biz, in order of arrival. */
export const ids = (client: RawClient, biz: string): number[] => client.ops(biz).map((op) => op.id);

/** Ids of the ops so far that came late. */
export const lateIds = (client: RawClient, biz: string): number[] =>
  client.batches(biz).filter((batch) => batch.late).flatMap((batch) => batch.ops.map((op) => op.id));

/** Ids that the server told the client not to wait for any more. */
export const goneIds = (client: RawClient, biz: string): number[] =>
  client.batches(biz).flatMap((batch) => batch.gone ?? []);

/** Where the last interval ended that the client was told. */
export const coveredTo = (client: RawClient, biz: string): number =>
  Math.max(0, ...client.batches(biz).map((batch) => batch.to ?? 0));

export function ackIds(client: RawClient, biz: string, acked: number[], scope: Scope = "user"): void {
  client.send({ type: "ack", scope, biz, ids: acked });
}
