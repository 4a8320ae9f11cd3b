/** What actors want remembered, on its way to disk (`saveProgress`). */
import assert from "node:assert/strict";
import { postgresDelivery } from "../../db/delivery_postgres.ts";
import type { Progress } from "../../db/delivery.ts";
import { testLog } from "../support/log.ts";

const nothing: Progress = { points: [], arrivals: [], sent: [], done: [], settled: [], discarded: [], at: Date.now() };

Deno.test("[THR-1] deliveries may end in more streams at once than Postgres has room for locks", async () => {
  await using log = await testLog();
  const config = await log.newConfig({ bizType: "NEWEST", threshold: 1 });
  const delivery = postgresDelivery(log.sql);
  const target = { instance: log.catalog.instanceNo, config, device: "" };
  const keys = Array.from({ length: 20_000 }, (_, n) => ({ ...target, subject: `u-${n}`, id: 1 }));
  await delivery.save({ ...nothing, sent: keys.map((key) => ({ ...key, attempts: 0 })) });
  await delivery.save({ ...nothing, done: keys });
  const [left] = await log.sql<{ n: number }[]>`select count(*)::int as n from delivery`;
  assert.equal(left!.n, 0);
});
