import assert from "node:assert/strict";
import type { Instance } from "../../db/catalog.ts";
import { postgresNonces } from "../../db/nonces_postgres.ts";
import { openSql } from "../../db/sql.ts";
import { frameText, restText, sign } from "../../src/canonical.ts";
import { systemClock } from "../../src/clock.ts";
import { createNonces } from "../../src/nonces.ts";
import { CLOCK_WINDOW_MS, createSignatures, type Signatures, type Verified } from "../../src/signature.ts";
import { testDatabase } from "../support/database.ts";

const NOW = 1_732_000_000_000;
const BODY = new TextEncoder().encode(`{"bizType":"UCHAT"}`);
const INSTANCE: Instance = {
  no: 7,
  instanceId: "sit_app",
  workspaceId: "sit",
  appId: "app",
  name: "Test",
  signature: true,
  sessionValidateUrl: null,
  epoch: "e",
  createdAt: 0,
  secrets: [
    { id: "1", kind: "server", secret: "server-old", createdAt: 1 },
    { id: "2", kind: "server", secret: "server-new", createdAt: 2 },
    { id: "3", kind: "app", secret: "app-old", createdAt: 3 },
    { id: "4", kind: "app", secret: "app-new", createdAt: 4 },
  ],
};

Deno.test("[SIG-2] both active server secrets open REST, both app secrets open hello and bind", async () => {
  await using server = await signatures();
  for (const secret of ["server-old", "server-new"]) assert.deepEqual(await rest(server, { secret }), { ok: true });
  for (const secret of ["app-old", "app-new"]) {
    for (const kind of ["hello", "bind"] as const) {
      assert.deepEqual(await frame(server, { secret, kind }), { ok: true });
    }
  }
});

Deno.test("[SIG-2] the wrong kind of secret opens nothing, and the refusal says so", async () => {
  await using server = await signatures();
  refused(await rest(server, { secret: "app-new" }), /made with a secret of kind app; this needs one of kind server/);
  refused(
    await frame(server, { secret: "server-new" }),
    /made with a secret of kind server; this needs one of kind app/,
  );
});

Deno.test("[SIG-3] a wrong signature is refused, whatever part of the request was changed", async () => {
  await using server = await signatures();
  refused(await rest(server, { secret: "revoked" }), /X-Sync-Signature is wrong/);
  refused(await rest(server, { path: "/webapi/sync/global?instanceId=sit_app" }), /X-Sync-Signature is wrong/);
  refused(await rest(server, { body: new Uint8Array([1]) }), /X-Sync-Signature is wrong/);
  refused(await rest(server, { signature: "" }), /X-Sync-Signature hex/);
  refused(await rest(server, { signature: "0".repeat(63) }), /X-Sync-Signature is wrong/);
  refused(await rest(server, { upperCase: true }), /lower-case/);
  refused(await frame(server, { userId: "u-2" }), /sign.signature is wrong/);
  refused(await frame(server, { sessionId: undefined }), /sign.signature is wrong/);
});

Deno.test("[SIG-3] a hello's signature does not open a bind", async () => {
  await using server = await signatures();
  refused(await frame(server, { kind: "bind", signedAs: "hello" }), /sign.signature is wrong/);
});

Deno.test("[SIG-3] more than 5 minutes off is refused on both sides, exactly 5 pass", async () => {
  await using server = await signatures();
  for (const off of [-CLOCK_WINDOW_MS, CLOCK_WINDOW_MS]) {
    assert.deepEqual(await rest(server, { timestamp: NOW + off }), { ok: true });
    assert.deepEqual(await frame(server, { timestamp: NOW + off }), { ok: true });
  }
  for (const off of [-CLOCK_WINDOW_MS - 1, CLOCK_WINDOW_MS + 1]) {
    refused(await rest(server, { timestamp: NOW + off }), /X-Sync-Timestamp is 300001 ms off this server's clock/);
    refused(await frame(server, { timestamp: NOW + off }), /sign.timestamp is 300001 ms off/);
  }
});

Deno.test("[SIG-3] a request cannot be replayed, also to another process and after a restart", async () => {
  await using database = await testDatabase();
  await using one = await signatures(database.url);
  assert.deepEqual(await rest(one, { nonce: "same" }), { ok: true });
  refused(await rest(one, { nonce: "same" }), /X-Sync-Nonce was used before/);
  await using other = await signatures(database.url);
  refused(await rest(other, { nonce: "same" }), /X-Sync-Nonce was used before/);
  assert.deepEqual(await rest(other, { nonce: "same", instance: { ...INSTANCE, no: 8 } }), { ok: true });
});

Deno.test("[SIG-3] of 200 simultaneous replays to two processes exactly one passes", async () => {
  await using database = await testDatabase();
  await using one = await signatures(database.url);
  await using other = await signatures(database.url);
  const attempts = Array.from({ length: 200 }, (_, n) => rest(n % 2 === 0 ? one : other, { nonce: "race" }));
  const passed = (await Promise.all(attempts)).filter((result) => result.ok);
  assert.equal(passed.length, 1);
});

Deno.test("[SIG-3] a wrong signature uses no nonce up", async () => {
  await using server = await signatures();
  refused(await rest(server, { secret: "wrong", nonce: "n" }), /wrong/);
  assert.deepEqual(await rest(server, { nonce: "n" }), { ok: true });
});

Deno.test("[SIG-3] nonces are forgotten, but not while their timestamp could still pass", async () => {
  await using database = await testDatabase();
  const sql = openSql(database.url, { max: 1 });
  const store = postgresNonces(sql);
  const use = { instance: 1, kind: "server" as const, nonce: "n", at: NOW };
  assert.deepEqual(await store.use([use, use]), [true, false]);
  await store.forget(NOW);
  assert.deepEqual(await store.use([{ ...use, at: NOW + 2 * CLOCK_WINDOW_MS }]), [false]);
  await store.forget(NOW + 1);
  assert.deepEqual(await store.use([use]), [true]);
  await sql.end();
});

Deno.test("[SIG-3] where nonces cannot be looked up, nothing passes", async () => {
  await using server = await signatures();
  await server.sql`drop table nonce`;
  await assert.rejects(rest(server, {}), /nonce/);
});

Deno.test("[SIG-1] with the switch off, everything passes", async () => {
  await using server = await signatures();
  const instance = { ...INSTANCE, signature: false };
  assert.deepEqual(await rest(server, { instance, signature: "junk" }), { ok: true });
  assert.deepEqual(await server.verifySign({ kind: "hello", instance, deviceId: "d", sign: undefined, now: NOW }), {
    ok: true,
  });
});

Deno.test("[INS-2] the refusal tells an unsigned caller that signatures are on and how to turn them off", async () => {
  await using server = await signatures();
  const request = {
    method: "POST",
    pathAndQuery: "/",
    headers: new Headers(),
    body: BODY,
    instance: INSTANCE,
    now: NOW,
  };
  const help =
    /^Signatures are on for instance sit_app, and .* missing\. .*turn signatures off .*PATCH \/api\/instances\/sit_app/;
  refused(await server.verifyRest(request), help);
  refused(
    await server.verifySign({ kind: "hello", instance: INSTANCE, deviceId: "d", sign: undefined, now: NOW }),
    help,
  );
});

Deno.test("[INS-2] an instance without a secret says that one is needed", async () => {
  await using server = await signatures();
  refused(
    await rest(server, { instance: { ...INSTANCE, secrets: [] } }),
    /has no active secret of kind server, create one/,
  );
});

Deno.test("[SIG-2] the one-liner of docs/signatures.md signs a push that passes", async () => {
  await using server = await signatures();
  const results: Verified[] = [];
  const http = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    results.push(
      await server.verifyRest({
        method: request.method,
        pathAndQuery: pathname + search,
        headers: request.headers,
        body: new Uint8Array(await request.arrayBuffer()),
        instance: INSTANCE,
        now: Date.now(),
      }),
    );
    return new Response("seen");
  });
  const docs = await Deno.readTextFile(new URL("../../docs/signatures.md", import.meta.url));
  const script = /```sh\n([\s\S]*?)```/.exec(docs)?.[1] ?? "";
  const env = { SYNCLINE: `http://127.0.0.1:${http.addr.port}`, SECRET: "server-new" };
  const run = await new Deno.Command("sh", { args: ["-eu", "-c", script], env }).output();
  assert.equal(new TextDecoder().decode(run.stdout), "seen", new TextDecoder().decode(run.stderr));
  assert.deepEqual(results, [{ ok: true }]);
  await http.shutdown();
});

type Server = Signatures & AsyncDisposable & { sql: ReturnType<typeof openSql> };

/** Signatures over a database of their own, or over a given one, as another process would have them. */
async function signatures(url?: string): Promise<Server> {
  const database = url === undefined ? await testDatabase() : undefined;
  const sql = openSql(url ?? database?.url ?? "", { max: 2 });
  const nonces = createNonces({ store: postgresNonces(sql), clock: systemClock });
  return {
    ...createSignatures({ nonces }),
    sql,
    async [Symbol.asyncDispose]() {
      nonces[Symbol.dispose]();
      await sql.end({ timeout: 1 });
      await database?.[Symbol.asyncDispose]();
    },
  };
}

type RestCase = {
  secret?: string;
  nonce?: string;
  timestamp?: number;
  instance?: Instance;
  /** What is sent instead of what was signed. */
  path?: string;
  body?: Uint8Array;
  signature?: string;
  upperCase?: boolean;
};

function rest(server: Signatures, given: RestCase): Promise<Verified> {
  const { secret = "server-new", nonce = crypto.randomUUID(), timestamp = NOW, instance = INSTANCE } = given;
  const request = { method: "POST", pathAndQuery: "/webapi/sync/single?instanceId=sit_app", body: BODY };
  const right = sign(secret, restText({ ...request, timestamp: String(timestamp), nonce }));
  const signature = given.signature ?? (given.upperCase ? right.toUpperCase() : right);
  const headers = new Headers({
    "X-Sync-Timestamp": String(timestamp),
    "X-Sync-Nonce": nonce,
    "X-Sync-Signature": signature,
  });
  const sent = { ...request, pathAndQuery: given.path ?? request.pathAndQuery, body: given.body ?? BODY };
  return server.verifyRest({ ...sent, headers, instance, now: NOW });
}

type FrameCase = {
  secret?: string;
  kind?: "hello" | "bind";
  signedAs?: "hello" | "bind";
  timestamp?: number;
  userId?: string;
  sessionId?: undefined;
};

function frame(server: Signatures, given: FrameCase): Promise<Verified> {
  const { secret = "app-new", kind = "hello", timestamp = NOW } = given;
  const signed = { deviceId: "d-1", userId: "u-1", sessionId: "s-1" };
  const nonce = crypto.randomUUID();
  const text = frameText({ ...signed, instanceId: "sit_app", kind: given.signedAs ?? kind, timestamp, nonce });
  return server.verifySign({
    ...signed,
    ...given,
    kind,
    instance: INSTANCE,
    sign: { timestamp, nonce, signature: sign(secret, text) },
    now: NOW,
  });
}

function refused(result: Verified, detail: RegExp): void {
  assert.match(result.ok ? "passed" : result.detail, detail);
}
