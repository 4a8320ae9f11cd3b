import assert from "node:assert/strict";
import { analyzeGrown } from "../../db/growth.ts";
import { testLog } from "../support/log.ts";

Deno.test("a table that is being vacuumed is not waited for: deliveries may stand behind the wait", async () => {
  await using log = await testLog();
  await log.sql`insert into delivery select 1, 'u-' || n, 1, 'd', n, 0, 0 from generate_series(1, 10000) n`;
  await log.sql`insert into arrival select 1, 'u-' || n, 1, n, 0, 'd' from generate_series(1, 10000) n`;
  const seen = new Map<string, number>();
  const analyzing = log.otherPool(1);
  await analyzing`set lock_timeout = 300`;
  await log.otherPool(1).begin(async (tx) => {
    await tx`lock table arrival in share update exclusive mode`; // as vacuum does
    await analyzeGrown(analyzing, seen);
  });
  assert.deepEqual([...seen.keys()].sort(), ["arrival", "delivery"]);
  const [table] = await log.sql`select reltuples::int as n from pg_class where oid = 'delivery'::regclass`;
  assert.equal(table!.n, 10_000);
});

Deno.test("a table that cannot be analyzed keeps no other from it, and is not tried again and again", async () => {
  await using log = await testLog();
  await log.sql`insert into arrival select 1, 'u-' || n, 1, n, 0, 'd' from generate_series(1, 10000) n`;
  await log.sql`insert into delivery select 1, 'u-' || n, 1, 'd', n, 0, 0 from generate_series(1, 10000) n`;
  const analyzing = log.otherPool(1);
  await analyzing.unsafe(`create function refuse(n bigint) returns bigint immutable language plpgsql as $$ begin
      if current_setting('test.refuse', true) = 'yes' then raise exception 'refused'; end if; return n; end $$;
    create index on arrival (refuse(id)); set test.refuse = 'yes'`);
  const seen = new Map<string, number>();
  await assert.rejects(analyzeGrown(analyzing, seen), /refused/);
  const [table] = await log.sql`select reltuples::int as n from pg_class where oid = 'delivery'::regclass`;
  assert.equal(table!.n, 10_000);
  await analyzeGrown(analyzing, seen);
});
