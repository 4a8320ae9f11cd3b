import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { delay } from "es-toolkit";
import postgres from "postgres";
import { patientSocket, type SocketAddress } from "../../db/patient_socket.ts";
import { testDatabase } from "../support/database.ts";

Deno.test("[STR-3] a call that follows at once on one whose connection broke is answered, or fails, and does not wait for ever", async () => {
  await using database = await testDatabase();
  const sockets: Socket[] = [];
  const socket = (address: SocketAddress) => {
    const made = patientSocket(address);
    sockets.push(made);
    return made;
  };
  const sql = postgres(database.url, { max: 1, backoff: () => 0.01, socket } as postgres.Options<never>);
  try {
    for (let round = 0; round < 3; round++) {
      await sql`select 1`;
      const under = sql`select pg_sleep(30)`.catch((error) => error.message);
      await delay(50);
      sockets.at(-1)!.destroy(new Error("connection reset by peer"));
      assert.match(await under, /reset by peer/);
      const next = sql`select 2 as n`.then(([row]) => row!.n, () => "failed");
      assert.notEqual(await Promise.race([next, delay(15_000).then(() => "waits for ever")]), "waits for ever");
      assert.equal((await sql`select 3 as n`)[0]!.n, 3);
    }
  } finally {
    await sql.end({ timeout: 1 });
  }
});
