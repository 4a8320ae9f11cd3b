import assert from "node:assert/strict";
import { Broadcaster } from "../../actors/broadcaster.ts";
import type { Catalog, Config } from "../../db/catalog.ts";
import type { DeliveryStore } from "../../db/delivery.ts";
import { op, UCHAT } from "./support/lanes.ts";

const NEWS: Config = { ...UCHAT, no: 3, bizType: "NEWS", scope: "global" };
const MIB = 1024 * 1024;

/** One whose log holds that many ops of that size. */
function logOf(count: number, bytes: number): Broadcaster {
  const ops = Array.from({ length: count }, (_, n) => ({ ...op(n + 1, { bytes }), attempts: 0, recorded: false }));
  const pages = () => Promise.resolve([{ ops, upTo: count, head: count }]);
  const store = { pages } as unknown as DeliveryStore;
  return new Broadcaster({ store, catalog: {} as Catalog, log: () => {}, learned: () => {} });
}

Deno.test("[GLB-4] memory holds the newest 8 MiB of a global stream, of what is read from the log as of what is published", async () => {
  const broadcaster = logOf(20, MIB);
  await broadcaster.load(NEWS);
  assert.equal(broadcaster.head(NEWS.no), 20);
  assert.equal(broadcaster.page(NEWS.no, 11, 100), undefined, "what memory does not reach back to is read");
  assert.deepEqual(broadcaster.page(NEWS.no, 12, 100)?.ops.map(({ id }) => id), [13, 14, 15, 16, 17, 18, 19, 20]);
  broadcaster.published(NEWS, op(21, { bytes: MIB }), 20);
  assert.equal(broadcaster.page(NEWS.no, 12, 100), undefined);
  assert.deepEqual(broadcaster.page(NEWS.no, 19, 100)?.ops.map(({ id }) => id), [20, 21]);
});
