import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { startEmbedded } from "../../db/embedded.ts";
import { RawClient, user } from "../support/client.ts";
import { testFolder } from "../support/data_folder.ts";
import { startServer } from "../support/server.ts";

const postgresIn = (dataDir: string) => startEmbedded({ dataDir, log: () => {}, durable: false });

async function copy(from: string, to: string): Promise<void> {
  const { success } = await new Deno.Command("cp", { args: ["-a", from, to] }).output();
  assert.ok(success);
}

Deno.test("[STR-1] [PT-3] a restored backup gives out no id again, and a client that is ahead of it misses nothing", async () => {
  await using folder = await testFolder();
  const backup = join(dirname(folder.path), "backup");
  {
    await using postgres = await postgresIn(folder.path);
    await using server = await startServer({ databaseUrl: postgres.url });
    for (const payload of ["1", "2"]) await server.push({ payload });
  }
  await copy(folder.path, backup);
  let epoch = "";
  {
    await using postgres = await postgresIn(folder.path);
    await using server = await startServer({ databaseUrl: postgres.url });
    await server.push({ payload: "3, which the backup has not" });
    await using phone = await RawClient.connect(server, { user: user("u-1") });
    epoch = (await phone.next("welcome")).epoch;
    await phone.until(() => phone.ops("UCHAT").length === 3);
    phone.ack("UCHAT", 3);
    await phone.settled();
  }
  // restored as by any tool: Postgres recovers from an archive and goes on along a timeline of its own
  await Deno.writeTextFile(join(backup, "postgres", "recovery.signal"), "");
  await Deno.writeTextFile(
    join(backup, "postgres", "postgresql.auto.conf"),
    "restore_command = 'false'\nhot_standby = off\n",
    {
      append: true,
    },
  );
  await using postgres = await postgresIn(backup);
  await using server = await startServer({ databaseUrl: postgres.url });
  await using phone = await RawClient.connect(server, { epoch, user: user("u-1", [["user", "UCHAT", 3]]) });
  assert.equal((await phone.next("welcome")).epoch, epoch);
  assert.equal((await server.push({ payload: "4" })).msg, "SUCCESS");
  await phone.until(() => phone.ops("UCHAT").length > 0);
  assert.deepEqual(phone.payloads("UCHAT"), ["4"]);
  assert.ok(phone.ops("UCHAT")[0]!.id > 1_000_000_000);
  assert.equal(phone.batches("UCHAT")[0]?.from, 3);
  assert.equal(phone.frames.some((frame) => frame.type === "reset"), false);
});
