import assert from "node:assert/strict";
import { join } from "node:path";
import { type EmbeddedPostgres, startEmbedded, StartError } from "../../db/embedded.ts";
import { openSql } from "../../db/sql.ts";
import { testFolder } from "../support/data_folder.ts";
import { postgresPid, startEmbeddedServer } from "../support/embedded_server.ts";

type Line = { message: string; [field: string]: unknown };

/** Starts on a folder; what it logs is added to `lines`. */
function start(dataDir: string, lines: Line[] = []): Promise<EmbeddedPostgres> {
  return startEmbedded({ dataDir, log: (message, fields) => lines.push({ message, ...fields }) });
}

/** Runs one statement on a connection of its own. */
async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const sql = openSql(url, { max: 1 });
  try {
    return [...await sql.unsafe(statement)];
  } finally {
    await sql.end();
  }
}

async function startError(dataDir: string): Promise<string> {
  const error = await start(dataDir).then(() => undefined, (error) => error);
  assert(error instanceof StartError);
  assert.doesNotMatch(error.message, /\n/);
  return error.message;
}

Deno.test("[OPS-1] the embedded database is made at the first start, and kept at the next", async () => {
  await using folder = await testFolder();
  const urls: string[] = [];
  {
    await using database = await start(folder.path);
    urls.push(database.url);
    await query(database.url, "CREATE TABLE kept AS SELECT 'Grüße 中文' AS text");
  }
  await using database = await start(folder.path);
  urls.push(database.url);
  assert.deepEqual(await query(database.url, "SELECT text FROM kept"), [{ text: "Grüße 中文" }]);
  assert.equal(urls[0], urls[1]);
});

Deno.test("[PUSH-3] the embedded database writes every commit to disk", async () => {
  await using folder = await testFolder();
  await using database = await start(folder.path);
  const names = ["fsync", "synchronous_commit", "full_page_writes", "server_encoding", "jit"];
  const rows = await query(
    database.url,
    `SELECT name, setting FROM pg_settings WHERE name IN ('${names.join("','")}')`,
  );
  assert.deepEqual(Object.fromEntries(rows.map(({ name, setting }) => [name, setting])), {
    fsync: "on",
    synchronous_commit: "on",
    full_page_writes: "on",
    server_encoding: "UTF8",
    jit: "off",
  });
});

Deno.test("the embedded database opens only with its password, which only its owner can read", async () => {
  await using folder = await testFolder();
  await using database = await start(folder.path);
  const url = new URL(database.url);
  url.password = "guessed";
  await assert.rejects(query(url.href, "SELECT 1"), /password authentication failed/);
  const { mode } = await Deno.stat(join(folder.path, "postgres.json"));
  assert.equal((mode ?? 0) & 0o777, 0o600);
});

Deno.test("[OPS-1] the data folder may have spaces and quotes in its name, and be missing", async () => {
  await using folder = await testFolder("some folder/with 'quotes' & \"more\" $HOME");
  await using database = await start(folder.path);
  assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
});

Deno.test("[OPS-3] the embedded database is out of reach of a Ctrl-C at the server's terminal", async () => {
  await using folder = await testFolder();
  await using _database = await start(folder.path);
  const pid = await postgresPid(folder.path);
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "sid=", "-p", String(pid)] }).output();
  assert.equal(Number(new TextDecoder().decode(stdout)), pid, "it leads a session of its own");
});

Deno.test("[PUSH-3] what was committed survives kill -9 of the server, and the next start stops its Postgres", async () => {
  await using folder = await testFolder();
  await using server = await startEmbeddedServer(folder.path);
  await query(server.url, "CREATE TABLE kept AS SELECT 1 AS one");
  const pid = await postgresPid(folder.path);
  await server.kill();
  assert.deepEqual(await query(server.url, "SELECT one FROM kept"), [{ one: 1 }], "Postgres is still there");

  const lines: Line[] = [];
  await using database = await start(folder.path, lines);
  assert.deepEqual(await query(database.url, "SELECT one FROM kept"), [{ one: 1 }]);
  assert.deepEqual(lines[0], { message: "an earlier server left its Postgres behind", pid, is: "stopped" });
  assert.notEqual(await postgresPid(folder.path), pid);
});

Deno.test("[PUSH-3] what was committed survives kill -9 of server and Postgres together", async () => {
  await using folder = await testFolder();
  await using server = await startEmbeddedServer(folder.path);
  await query(server.url, "CREATE TABLE kept AS SELECT 1 AS one");
  await server.kill();
  Deno.kill(await postgresPid(folder.path), "SIGKILL");
  await using database = await start(folder.path);
  assert.deepEqual(await query(database.url, "SELECT one FROM kept"), [{ one: 1 }]);
});

Deno.test("the embedded database is started again on the same port when it is killed, each time", async () => {
  await using folder = await testFolder();
  const lines: Line[] = [];
  let back = Promise.withResolvers<void>();
  const exits: number[] = [];
  await using database = await startEmbedded({
    dataDir: folder.path,
    log: (message, fields) => {
      lines.push({ message, ...fields });
      if (message === "the embedded Postgres is back") back.resolve();
    },
    onExit: ({ pid }) => exits.push(pid),
  });
  await query(database.url, "CREATE TABLE kept AS SELECT 1 AS one");
  const killed: number[] = [];
  for (let time = 0; time < 2; time++) {
    back = Promise.withResolvers();
    const pid = await postgresPid(folder.path);
    Deno.kill(pid, "SIGKILL");
    killed.push(pid);
    await back.promise;
    assert.deepEqual(await query(database.url, "SELECT one FROM kept"), [{ one: 1 }]);
  }
  assert.deepEqual(exits, killed);
});

Deno.test("[OPS-3] stop ends a Postgres that is just being started again", async () => {
  await using folder = await testFolder();
  const ended = Promise.withResolvers<void>();
  const database = await startEmbedded({ dataDir: folder.path, log: () => {}, onExit: () => ended.resolve() });
  Deno.kill(await postgresPid(folder.path), "SIGKILL");
  await ended.promise;
  await Promise.all([database.stop(), database.stop()]);
  await using again = await start(folder.path);
  assert.deepEqual(await query(again.url, "SELECT 1 AS one"), [{ one: 1 }]);
});

Deno.test("[OPS-1] a second server on the same data folder is refused with a sentence", async () => {
  await using folder = await testFolder();
  {
    await using _database = await start(folder.path);
    assert.equal(
      await startError(folder.path),
      `Cannot use the data folder ${folder.path}: another server (process ${Deno.pid}) is using it; ` +
        "stop that one, or set DATA_DIR to another folder.",
    );
  }
  await using _afterwards = await start(folder.path);
});

Deno.test("[OPS-1] a data folder that is a file is refused with a sentence", async () => {
  await using folder = await testFolder("file");
  await Deno.writeTextFile(folder.path, "");
  assert.equal(
    await startError(folder.path),
    `Cannot use the data folder ${folder.path}: it is not a folder; set DATA_DIR to a folder that this user may write.`,
  );
});

Deno.test("a Postgres that cannot start says why in a sentence, and leaves the folder unlocked", async () => {
  await using folder = await testFolder();
  await (await start(folder.path)).stop();
  const version = join(folder.path, "postgres", "PG_VERSION");
  await Deno.writeTextFile(version, "12\n");
  assert.match(await startError(folder.path), /^Cannot start the embedded Postgres in .*: .*incompatible with server/);
  await Deno.writeTextFile(version, "18\n");
  await using _database = await start(folder.path);
});

Deno.test("a data folder of which only the database was restored gets a new password", async () => {
  await using folder = await testFolder();
  {
    await using database = await start(folder.path);
    await query(database.url, "CREATE TABLE kept AS SELECT 1 AS one");
  }
  await Deno.remove(join(folder.path, "postgres.json"));
  await using database = await start(folder.path);
  assert.deepEqual(await query(database.url, "SELECT one FROM kept"), [{ one: 1 }]);
});

Deno.test("a first start that was broken off is begun anew", async () => {
  await using folder = await testFolder();
  await Deno.mkdir(join(folder.path, "postgres.new", "base"), { recursive: true });
  await using database = await start(folder.path);
  assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
});

Deno.test("a port that another program took is given up for another one", async () => {
  await using folder = await testFolder();
  const before = await start(folder.path);
  await before.stop();
  using _other = Deno.listen({ hostname: "127.0.0.1", port: Number(new URL(before.url).port) });
  await using database = await start(folder.path);
  assert.notEqual(database.url, before.url);
  assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
});

Deno.test("the process number of a Postgres long gone may be another program's now", async () => {
  await using folder = await testFolder();
  await (await start(folder.path)).stop();
  using other = Object.assign(new Deno.Command("sleep", { args: ["1000"] }).spawn(), {
    [Symbol.dispose]: () => other.kill("SIGKILL"),
  });
  const file = join(folder.path, "postgres", "postmaster.pid");
  await Deno.writeTextFile(file, `${other.pid}\n${folder.path}/postgres\n1\n5432\n\n127.0.0.1\n1 1\nready\n`);
  await using database = await start(folder.path);
  assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
  assert.equal((await new Deno.Command("kill", { args: ["-0", String(other.pid)] }).output()).success, true);
});
