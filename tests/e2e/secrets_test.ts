import assert from "node:assert/strict";
import { createHash, createHmac, randomUUID } from "node:crypto";
import { join } from "node:path";
import { testDatabase } from "../support/database.ts";
import { testFolder } from "../support/data_folder.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { message, post } from "../support/rest.ts";
import { startServer } from "../support/server.ts";

const INSTANCE = "/api/instances/default_demo";
const KEY = "the operator's key, never to be printed";

Deno.test("[INS-2] without any setting the embedded database gets a key of its own, and its folder holds no secret", async () => {
  await using folder = await testFolder();
  const env = { DATA_DIR: folder.path, ADMIN_TOKEN: "t-o-k-e-n", LOG_LEVEL: "trace" };
  const { secret, output } = await running(env, async (server) => {
    const { secret } = await admin(server, "POST", `${INSTANCE}/secrets`, { kind: "server" });
    await admin(server, "PATCH", INSTANCE, { signature: true });
    assert.equal(await signedPush(server, secret), "NOT_ONLINE");
    return secret;
  });
  const keyFile = join(folder.path, "secret.key");
  const key = (await Deno.readTextFile(keyFile)).trim();
  assert.match(key, /^[\w-]{43}$/);
  assert.equal((await Deno.stat(keyFile)).mode! & 0o777, 0o600);
  assert.deepEqual(await filesWith(folder.path, secret), []);
  assert.deepEqual(await filesWith(folder.path, key), [keyFile]);
  assert(!output.includes(secret) && !output.includes(key), "nor does the log");
  await running(env, async (server) => assert.equal(await signedPush(server, secret), "NOT_ONLINE"));

  await Deno.rename(keyFile, `${keyFile}.away`);
  const refused = await refusal(env);
  assert.equal(refused.code, 1);
  assert.match(refused.sentence, /^Cannot start: .+ the key file \S+ is missing and SECRET_KEY is not set\..+\.$/);
  await running(
    { ...env, SECRET_KEY: key },
    async (server) => assert.equal(await signedPush(server, secret), "NOT_ONLINE"),
  );
});

Deno.test("[OPS-1] a wrong SECRET_KEY: one sentence that does not tell it, and exit code 1", async () => {
  await using database = await testDatabase();
  const env = { DATABASE_URL: database.url, DEMO: "1" };
  await using _ = await startServer({ databaseUrl: database.url, env: { SECRET_KEY: KEY } });
  const { code, sentence } = await refusal({ ...env, SECRET_KEY: `not ${KEY}` });
  assert.equal(code, 1);
  assert.match(sentence, /^Cannot start: SECRET_KEY is not the key [^\n]+\.$/);
  assert(!sentence.includes(KEY));
});

Deno.test("[INS-2] a database of the operator's own: clear and warned of, encrypted from the start with a key, under a new one later", async () => {
  await using database = await testDatabase();
  const warned = await running({ DATABASE_URL: database.url }, () => Promise.resolve(""));
  assert.match(warned.output, /"level":"WARN".*secrets are stored in clear: set SECRET_KEY/);
  let secret = "";
  const steps: Record<string, string>[] = [
    {},
    { SECRET_KEY: KEY },
    { SECRET_KEY: "the next key of the operator", SECRET_KEY_OLD: KEY },
    { SECRET_KEY: "the next key of the operator" },
  ];
  for (const env of steps) {
    await using server = await startServer({ databaseUrl: database.url, env });
    if (secret === "") {
      const created = await (await server.admin("POST", `${INSTANCE}/secrets`, { kind: "server" })).json();
      secret = created.secret;
      await server.admin("PATCH", INSTANCE, { signature: true });
    }
    assert.equal(await signedPush(server, secret), "NOT_ONLINE");
    const [row] = await server.services.sql<{ secret: string }[]>`select secret from secret`;
    assert.equal(row!.secret === secret, env.SECRET_KEY === undefined);
  }
});

async function admin(server: ServerProcess, method: string, path: string, body: unknown) {
  const headers = { Authorization: "Bearer t-o-k-e-n", "Content-Type": "application/json" };
  return await (await fetch(server.url + path, { method, headers, body: JSON.stringify(body) })).json();
}

async function signedPush(server: { url: string }, secret: string): Promise<string> {
  const body = JSON.stringify(message());
  const [timestamp, nonce] = [String(Date.now()), randomUUID()];
  const hash = createHash("sha256").update(body).digest("hex");
  const text = `POST\n/webapi/sync/single?instanceId=default_demo\n${timestamp}\n${nonce}\n${hash}`;
  const signature = createHmac("sha256", secret).update(text).digest("hex");
  const headers = { "X-Sync-Timestamp": timestamp, "X-Sync-Nonce": nonce, "X-Sync-Signature": signature };
  return (await post(server, body, { headers })).body.msg;
}

/** Runs a server of its own process, and stops it as an operator does. */
async function running(
  env: Record<string, string>,
  work: (server: ServerProcess) => Promise<string | void>,
): Promise<{ secret: string; output: string }> {
  await using server = await startProcess({ LOG_LEVEL: "warning", ...env });
  const secret = await work(server) ?? "";
  server.kill("SIGTERM");
  await server.status;
  return { secret, output: server.output() };
}

/** A start that is expected to fail. */
async function refusal(env: Record<string, string>): Promise<{ code: number; sentence: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("../../src/main.ts", import.meta.url).pathname],
    env: { PORT: "0", ...env },
    stdin: "null",
  }).output();
  return { code, sentence: new TextDecoder().decode(stderr).trim() };
}

/** Files below a folder that hold the text. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const wanted = new TextEncoder().encode(text);
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) found.push(...await filesWith(path, text));
    else if (entry.isFile && holds(await Deno.readFile(path), wanted)) found.push(path);
  }
  return found;
}

function holds(bytes: Uint8Array<ArrayBuffer>, wanted: Uint8Array): boolean {
  for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, n) => bytes[at + n] === byte)) return true;
  }
  return false;
}
