import assert from "node:assert/strict";
import type { Sql } from "../../db/sql.ts";
import { RawClient, user } from "../support/client.ts";
import { configNo } from "../support/configs.ts";
import { message, post } from "../support/rest.ts";
import { startServer, type TestServer } from "../support/server.ts";

const LIMIT = 64 * 1024;

/** A push whose body has exactly so many bytes. */
function sized(bytes: number): string {
  const body = JSON.stringify(message({ pad: "" }));
  return body.replace('"pad":""', `"pad":"${"x".repeat(bytes - body.length)}"`);
}

/** Holds every append of a config, as a slow disk would. */
async function holdAppends(sql: Sql, config: number) {
  const { promise: held, resolve: holds } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
  const done = sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(726, ${config})`;
    holds();
    await goOn;
  });
  await held;
  return { release: () => (release(), done) };
}

async function waiting(server: TestServer, count: number): Promise<void> {
  while (server.services.appends.length < count) await server.services.sql`select 1`;
}

Deno.test("[PUSH-5] a body of 64 KiB passes, one byte more is 413, with and without a declared length", async () => {
  await using server = await startServer();
  const chunked = (text: string) => new Blob([text]).stream();
  for (const send of [(text: string) => text, chunked]) {
    assert.equal((await post(server, send(sized(LIMIT)))).body.msg, "NOT_ONLINE");
    for (const bytes of [LIMIT + 1, 4 * LIMIT]) {
      const { status, body } = await post(server, send(sized(bytes)));
      assert.deepEqual([status, body.success, body.msg], [413, false, "PAYLOAD_LONG"]);
      assert.match(body.detail ?? "", /65536/);
    }
  }
});

Deno.test("[PUSH-5] above the rate limit of its instance a push is 429, with the same shape and a hint", async () => {
  await using server = await startServer({ env: { RATE_LIMIT_PER_SECOND: "5" } });
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(server, message())));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length >= 10 && answers.some(({ status }) => status === 200), `${refused.length} refused`);
  for (const { body, headers } of refused) {
    assert.deepEqual([body.success, body.msg, headers.get("Retry-After")], [false, "SYSTEM_BUSY", "1"]);
  }
  const rows = await server.services.sql`select from op`;
  assert.equal(rows.length, 20 - refused.length, "what was refused was not stored");
});

Deno.test("[PUSH-5] a full queue is 503 with Retry-After, and what was taken is stored", async () => {
  await using server = await startServer({ env: { APPEND_QUEUE_MAX: "3" } });
  const hold = await holdAppends(server.services.sql, configNo(server, "UCHAT"));
  const under = post(server, message());
  while (server.services.appends.length > 0) await server.services.sql`select 1`;
  const queued = [1, 2, 3].map(() => post(server, message()));
  await waiting(server, 3);
  const { status, headers, body } = await post(server, message());
  assert.deepEqual([status, body.success, body.msg], [503, false, "SYSTEM_BUSY"]);
  assert.match(headers.get("Retry-After") ?? "", /^\d+$/);
  await hold.release();
  for (const { body } of await Promise.all([under, ...queued])) assert.equal(body.msg, "NOT_ONLINE");
  const rows = await server.services.sql`select from op`;
  assert.equal(rows.length, 4);
});

Deno.test("[PUSH-5] [OPS-3] a draining server refuses new pushes with 503 and finishes those under way", async () => {
  await using server = await startServer();
  const hold = await holdAppends(server.services.sql, configNo(server, "UCHAT"));
  const under = [1, 2].map(() => post(server, message()));
  await waiting(server, 1);
  const restarted = server.restart();
  const { status, headers, body } = await post(server, message());
  assert.deepEqual([status, body.success, body.msg], [503, false, "SYSTEM_BUSY"]);
  assert.match(headers.get("Retry-After") ?? "", /^\d+$/);
  await hold.release();
  assert.deepEqual((await Promise.all(under)).map((answer) => answer.body.msg), ["NOT_ONLINE", "NOT_ONLINE"]);
  await restarted;
  await using phone = await RawClient.connect(server, { user: user("u-1") });
  await phone.until(() => phone.ops("UCHAT").length === 2);
});

Deno.test("[PUSH-1] a database that fails is SYSTEM_ERROR with HTTP 200: nothing was promised, the same call works later", async () => {
  await using server = await startServer({ quiet: true });
  const { sql } = server.services;
  await sql`alter table op rename to op_away`;
  const body = message();
  const { status, body: answer } = await post(server, body);
  assert.deepEqual([status, answer.success, answer.msg], [200, false, "SYSTEM_ERROR"]);
  assert.match(answer.detail ?? "", /nothing was promised/);
  await sql`alter table op_away rename to op`;
  assert.equal((await post(server, body)).body.msg, "NOT_ONLINE");
  assert.equal((await post(server, body)).body.msg, "DUPLICATED_BIZ_ID");
});

Deno.test("[PUSH-1] a body that is not UTF-8 is refused, and no byte of it is guessed", async () => {
  await using server = await startServer();
  const bytes = new TextEncoder().encode(JSON.stringify(message({ payload: "caf?" })));
  const latin1 = bytes.map((byte) => byte === 0x3f ? 0xe9 : byte);
  const { status, body } = await post(server, latin1);
  assert.deepEqual([status, body.success, body.msg], [200, false, "ARGS_ILLEGAL"]);
  for (const raw of [new Uint8Array(), new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00])]) {
    assert.equal((await post(server, raw)).body.msg, "ARGS_ILLEGAL");
  }
  // a byte order mark is no part of the text
  const marked = new Uint8Array([0xef, 0xbb, 0xbf, ...new TextEncoder().encode(JSON.stringify(message()))]);
  assert.equal((await post(server, marked)).body.msg, "NOT_ONLINE");
});
