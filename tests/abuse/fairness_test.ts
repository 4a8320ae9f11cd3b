import assert from "node:assert/strict";
import { delay } from "es-toolkit/promise";
import type { Sql } from "../../db/sql.ts";
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import { ACTOR, USER_CONFIG } from "../support/catalog.ts";
import { RawClient, user } from "../support/client.ts";
import { message, post } from "../support/rest.ts";
import { startServer, type TestServer } from "../support/server.ts";

const QUIET = "quiet_app";

/** A second instance beside the demo's, with the config `QUIET`. */
async function addQuiet(server: TestServer): Promise<void> {
  const { sql, catalog } = server.services;
  const store = postgresCatalog(sql);
  await store.createInstance(ACTOR, { workspaceId: "quiet", appId: "app", name: "Quiet" });
  await catalog.refresh();
  const { no } = catalog.instance(QUIET)!;
  await store.changeInstance(ACTOR, no, { signature: false });
  await store.createConfig(ACTOR, no, { ...USER_CONFIG, bizType: "QUIET", multiDevice: true });
  await catalog.refresh();
}

/** Holds every append until it is released, as a slow disk would. */
async function holdAppends(sql: Sql): Promise<() => Promise<unknown>> {
  const { promise: held, resolve: holds } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
  const done = sql.begin(async (tx) => {
    await tx`lock table op in access exclusive mode`;
    holds();
    await goOn;
  });
  await held;
  return () => (release(), done);
}

Deno.test("[PUSH-5] an instance that fills the queue does not keep out another, whose pushes are stored and delivered", async () => {
  await using server = await startServer({ env: { APPEND_QUEUE_MAX: "40" } });
  await addQuiet(server);
  await using phone = await RawClient.connect(server, { instanceId: QUIET, user: user("u-1") });
  const release = await holdAppends(server.services.sql);
  let refused = 0;
  const flood = () =>
    Array.from({ length: 40 }, async () => {
      const { status } = await post(server, message());
      if (status === 503) refused++;
      return status;
    });
  const noisy = flood();
  // until no commit is begun any more: a free connection would take what waits
  for (; server.services.appends.length < 40; await delay(50)) noisy.push(...flood());
  assert.deepEqual(new Set(await Promise.all(flood())), new Set([503]), "the queue is full");
  const before = refused;
  const quiet = Array.from(
    { length: 10 },
    (_, n) => post(server, message({ bizType: "QUIET", payload: `${n}` }), { instanceId: QUIET }),
  );
  let answered = false;
  void Promise.race(quiet).then(() => answered = true);
  // each of them takes a place that the noisy one had
  while (!answered && refused < before + quiet.length) await delay(10);
  await release();
  for (const { status, body } of await Promise.all(quiet)) assert.deepEqual([status, body.msg], [200, "SUCCESS"]);
  await phone.until(() => phone.ops("QUIET").length === 10);
  const statuses = await Promise.all(noisy);
  assert.ok(statuses.includes(200) && statuses.includes(503), "the noisy one goes on, with what is left");
  const [stored] = await server.services.sql<{ n: number }[]>`select count(*)::int as n from op`;
  assert.equal(stored?.n, 10 + statuses.filter((status) => status === 200).length, "what was refused was not stored");
});
