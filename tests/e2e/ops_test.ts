import assert from "node:assert/strict";
import { postgresCatalog } from "../../db/catalog_postgres.ts";
import { openSql } from "../../db/sql.ts";
import { seedDemo } from "../../src/demo.ts";
import { RawClient, user } from "../support/client.ts";
import { testDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { startProcess } from "../support/process.ts";
import { startServer } from "../support/server.ts";

const body = (thirdMsgId: string) =>
  JSON.stringify({ bizType: "UCHAT", linkToken: "u-1", thirdMsgId, payload: "hello" });

async function post(
  url: string,
  thirdMsgId: string,
): Promise<{ status: number; retryAfter: string | null; msg: string }> {
  const response = await fetch(`${url}/webapi/sync/single?instanceId=default_demo`, {
    method: "POST",
    body: body(thirdMsgId),
  });
  const { msg } = await response.json();
  return { status: response.status, retryAfter: response.headers.get("Retry-After"), msg };
}

Deno.test("[OPS-2] healthz, readyz and metrics answer, and metrics count what passed", async () => {
  await using server = await startServer();
  assert.equal(await (await fetch(`${server.url}/healthz`)).text(), "ok\n");
  assert.equal(await (await fetch(`${server.url}/readyz`)).text(), "ready\n");
  await server.push();
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(text, /^syncline_pushes_stored_total\{instance="default_demo"\} 1$/m);
  assert.match(text, /^syncline_append_seconds_count 1$/m);
  assert.doesNotMatch(text, /u-1/, "no user in a label");
});

Deno.test("[OPS-1] with INTERNAL_PORT the REST API, admin API, console and metrics listen only there", async () => {
  await using database = await testDatabase();
  await using server = await startProcess({ DATABASE_URL: database.url, INTERNAL_PORT: "0" });
  const [, internal] = await server.printed(/its APIs on (http:\/\/\S+)/);
  assert.notEqual(internal, server.url);
  for (const path of ["/metrics", "/api/instances", "/console", "/openapi.json"]) {
    const response = await fetch(server.url + path, { redirect: "manual" });
    assert.equal(response.status, 404, path);
    await response.body?.cancel();
  }
  assert.equal(
    await fetch(server.url + "/webapi/sync/single?instanceId=default_demo", { method: "POST", body: body("a") })
      .then(async (r) => (await r.body?.cancel(), r.status)),
    404,
  );
  assert.equal((await post(internal!, "a")).msg, "NOT_ONLINE");
  await using client = await RawClient.connect(server, { user: user("u-1") });
  await client.until(() => client.ops("UCHAT").length === 1);
  server.kill("SIGTERM");
  assert.equal((await server.status).code, 0);
});

Deno.test("[OPS-1] with a certificate everything speaks TLS", async () => {
  await using database = await testDatabase();
  const fixture = (name: string) => new URL(`../fixtures/${name}`, import.meta.url).pathname;
  const files = { TLS_CERT_FILE: fixture("localhost.crt"), TLS_KEY_FILE: fixture("localhost.key") };
  await using server = await startProcess({ DATABASE_URL: database.url, ...files });
  assert.match(server.syncUrl, /^wss:/);
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(files.TLS_CERT_FILE)] });
  const response = await fetch(`${server.url}/healthz`, { client });
  assert.equal(await response.text(), "ok\n");
});

Deno.test("[OPS-3] SIGTERM drains: sessions get 1001 with spread hints, nothing answered is lost, exit 0", async () => {
  await using database = await testDatabase();
  const server = await startProcess({ DATABASE_URL: database.url });
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, n) => RawClient.connect(server, { deviceId: `d-${n}`, user: user("u-1") })),
  );
  const accepted: string[] = [];
  const pushing = (async () => {
    for (let n = 0;; n++) {
      const answer = await post(server.url, `m-${n}`).catch(() => null);
      if (answer === null || answer.status === 503) return answer;
      assert.equal(answer.status, 200);
      accepted.push(`m-${n}`);
    }
  })();
  await clients[0]!.until(() => clients[0]!.ops("UCHAT").length >= 5);
  const start = Date.now();
  server.kill("SIGTERM");
  const refused = await pushing;
  if (refused) {
    assert.equal(refused.msg, "SYSTEM_BUSY");
    assert.match(refused.retryAfter ?? "", /^\d+$/);
  }
  const closes = await Promise.all(clients.map((client) => client.close()));
  assert.equal((await server.status).code, 0);
  assert.ok(Date.now() - start < 30_000);
  const hints = closes.map(({ code, reason }) => {
    assert.equal(code, 1001);
    return Number(/^going-away retry-after-ms=(\d+)$/.exec(reason)?.[1]);
  });
  assert.ok(new Set(hints).size > 10, `the hints are spread: ${hints}`);
  await server[Symbol.asyncDispose]();

  await using again = await startProcess({ DATABASE_URL: database.url });
  await using reader = await RawClient.connect(again, { deviceId: "d-new", user: user("u-1") });
  await reader.until(() => {
    const { to } = reader.batches("UCHAT").at(-1) ?? {};
    if (to !== undefined) reader.ack("UCHAT", to);
    return reader.ops("UCHAT").length >= accepted.length;
  });
  const received = new Set(reader.ops("UCHAT").map((op) => op.mid));
  assert.deepEqual(accepted.filter((mid) => !received.has(mid)), []);
});

Deno.test("[OPS-3] SIGTERM during the start ends it as soon as it is over, and its Postgres with it", async () => {
  const dataDir = await Deno.makeTempDir();
  const main = new URL("../../src/main.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", main],
    env: { PORT: "0", DATA_DIR: dataDir, LOG_LEVEL: "info" },
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (part.includes("the embedded Postgres is ready")) child.kill("SIGTERM");
  }
  assert.equal((await child.status).code, 0, text);
  await assert.rejects(Deno.stat(`${dataDir}/postgres/postmaster.pid`), Deno.errors.NotFound);
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("[OPS-3] a start that waits for a database of others is ended at once", async () => {
  await using database = await testDatabase();
  const sql = openSql(database.url, { max: 1 });
  const main = new URL("../../src/main.ts", import.meta.url).pathname;
  // another server's migration
  await sql`select pg_advisory_lock(725)`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", main],
    env: { PORT: "0", DATABASE_URL: database.url },
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await eventually(async () => {
      const [row] = await sql<{ n: number }[]>`select count(*)::int as n from pg_locks
        where locktype = 'advisory' and not granted
          and database = (select oid from pg_database where datname = current_database())`;
      return row!.n;
    }, 1);
    child.kill("SIGINT");
    const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
    assert.equal((await child.status).code, 0);
    clearTimeout(late);
  } finally {
    await sql.end();
  }
});

Deno.test("[OPS-3] a server that drains is not ready, and refuses connects with a hint", async () => {
  await using server = await startServer({ env: { ACK_TIMEOUT_MS: "1000" } });
  await using client = await RawClient.connect(server, { user: user("u-1") });
  const restarting = server.restart();
  assert.equal((await client.close()).code, 1001);
  await restarting;
  assert.equal(await (await fetch(`${server.url}/readyz`)).text(), "ready\n");
});

Deno.test("[OPS-4] of several servers that start at once on an empty database one makes the demo instance", async () => {
  await using database = await testDatabase();
  const pools = [1, 2, 3].map(() => openSql(database.url, { max: 1 }));
  try {
    const made = await Promise.all(pools.map((sql) => seedDemo(postgresCatalog(sql), Date.now())));
    assert.deepEqual(made.sort(), [false, false, true]);
    const { instances, configs } = await postgresCatalog(pools[0]!).load();
    assert.deepEqual([instances.length, configs.length], [1, 4]);
  } finally {
    await Promise.all(pools.map((sql) => sql.end()));
  }
});

Deno.test("[OPS-4] an empty database gets the demo instance with DEMO=1 only, and only once", async () => {
  await using server = await startServer();
  const { items } = await (await server.admin("GET", "/api/instances/default_demo/configs")).json();
  const shown = items.map((
    c: Record<string, unknown>,
  ) => [c.bizType, c.scope, c.target, c.multiDevice, c.persistent, c.threshold]);
  assert.deepEqual(shown.sort(), [
    ["DEVICE-LOCK", "single", "device", true, true, null],
    ["GLOBAL-SDK-CONFIG", "global", "device", true, true, null],
    ["TRADE-RESULT", "single", "user", false, true, null],
    ["UCHAT", "single", "user", true, true, null],
  ]);
  const instance = await (await server.admin("GET", "/api/instances/default_demo")).json();
  assert.equal(instance.signature, false);
  await server.restart();
  assert.equal((await (await server.admin("GET", "/api/instances")).json()).items.length, 1);
  await using plain = await startServer({ env: { DEMO: "0" } });
  assert.deepEqual((await (await plain.admin("GET", "/api/instances")).json()).items, []);
});
