import assert from "node:assert/strict";
import { join } from "node:path";
import { openSql } from "../../db/sql.ts";
import { RawClient, user } from "../support/client.ts";
import { testFolder } from "../support/data_folder.ts";
import { postgresPid } from "../support/embedded_server.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { post } from "../support/rest.ts";

const OWNERS = 20;
const CALLERS = 96;

type Push = { linkToken: string; thirdMsgId: string };

const pushes = (count: number): Push[] =>
  Array.from({ length: count }, (_, n) => ({ linkToken: `u-${n % OWNERS}`, thirdMsgId: `m-${n}` }));

/** Sends all of them, many at once. @returns those that were answered true; `answered` is told how many so far */
async function send(server: ServerProcess, all: readonly Push[], answered = (_count: number) => {}): Promise<Push[]> {
  const stored: Push[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (next < all.length) {
      const push = all[next++]!;
      try {
        const { body } = await post(server, { bizType: "UCHAT", payload: push.thirdMsgId, ...push });
        if (body.success) answered(stored.push(push));
      } catch {
        // no answer: nothing was promised
      }
    }
  }));
  return stored;
}

/** What lies in the log: owner and thirdMsgId of every op, with its id. */
async function inLog(dataDir: string): Promise<{ owner: string; mid: string; id: number }[]> {
  const { port, password } = JSON.parse(await Deno.readTextFile(join(dataDir, "postgres.json")));
  const sql = openSql(`postgres://syncline:${password}@127.0.0.1:${port}/syncline`, { max: 1 });
  try {
    return [
      ...await sql<{ owner: string; mid: string; id: number }[]>`select owner, mid, id from op order by owner, id`,
    ];
  } finally {
    await sql.end();
  }
}

/** A user's device that was away all the time, and catches up. @returns thirdMsgIds in order of arrival */
async function catchUp(server: ServerProcess, userId: string, count: number): Promise<string[]> {
  await using phone = await RawClient.connect(server, { deviceId: `d-${userId}`, user: user(userId) });
  let seen = 0;
  while (seen < count) {
    await phone.until(() => phone.ops("UCHAT").length > seen);
    assert.equal(phone.closed, null);
    seen = phone.ops("UCHAT").length;
    phone.ack("UCHAT", phone.ops("UCHAT").at(-1)!.id);
  }
  await phone.settled();
  assert.deepEqual(phone.ops("UCHAT").map((op) => op.pl), phone.ops("UCHAT").map((op) => op.mid));
  return phone.ops("UCHAT").map((op) => op.mid);
}

/** Every push that was answered true is in the log and comes to its user, and nothing is there twice. */
async function assertKept(server: ServerProcess, dataDir: string, stored: readonly Push[]): Promise<void> {
  const log = await inLog(dataDir);
  const kept = new Set(log.map(({ owner, mid }) => `${owner} ${mid}`));
  assert.equal(kept.size, log.length, "stored twice");
  assert.deepEqual(stored.filter(({ linkToken, thirdMsgId }) => !kept.has(`${linkToken} ${thirdMsgId}`)), []);
  const byOwner = Map.groupBy(log, ({ owner }) => owner);
  await Promise.all([...byOwner].map(async ([owner, ops]) => {
    assert.equal(new Set(ops.map(({ id }) => id)).size, ops.length, `${owner}: an id twice`);
    assert.deepEqual(await catchUp(server, owner, ops.length), ops.map(({ mid }) => mid));
  }));
}

Deno.test("[PUSH-3] kill -9 of the server in the middle of 10,000 pushes loses none that was answered true, and none comes twice", async () => {
  await using folder = await testFolder();
  const env = { DATA_DIR: folder.path };
  const all = pushes(10_000);
  const server = await startProcess(env);
  const stored = await send(server, all, (count) => {
    if (count === 4_000) server.kill("SIGKILL");
  });
  await server.status;
  await server[Symbol.asyncDispose]();
  assert.ok(stored.length >= 4_000 && stored.length < 10_000, `${stored.length} were answered`);
  await using again = await startProcess(env);
  await assertKept(again, folder.path, stored);
  // a caller repeats what was not answered: now all are there, each once
  const known = new Set(stored);
  const repeated = await send(again, all.filter((push) => !known.has(push)));
  assert.equal(stored.length + repeated.length, 10_000);
  assert.equal((await inLog(folder.path)).length, 10_000);
});

Deno.test("[PUSH-3] kill -9 of Postgres in the middle of pushes loses none that was answered true, and the server goes on", async () => {
  await using folder = await testFolder();
  await using server = await startProcess({ DATA_DIR: folder.path });
  const all = pushes(3_000);
  const postgres = await postgresPid(folder.path);
  const stored = await send(server, all, (count) => {
    if (count === 1_000) Deno.kill(postgres, "SIGKILL");
  });
  assert.ok(stored.length >= 1_000, `${stored.length} were answered`);
  assert.notEqual(await postgresPid(folder.path), postgres, "it was started again");
  const known = new Set(stored);
  let open = all.filter((push) => !known.has(push));
  const deadline = performance.now() + 30_000;
  while (open.length > 0) {
    assert.ok(performance.now() < deadline, "the server does not go on");
    const repeated = new Set(await send(server, open));
    open = open.filter((push) => !repeated.has(push));
  }
  await assertKept(server, folder.path, all);
});
