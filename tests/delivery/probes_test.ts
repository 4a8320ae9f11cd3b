import assert from "node:assert/strict";
import { frameText, sign } from "../../src/canonical.ts";
import { RawClient, user } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { ids } from "./shared.ts";

const phone = (server: TestServer) => RawClient.connect(server, { user: user("u-1") });

async function recorded({ services: { recorder, sql } }: TestServer) {
  await recorder.flush();
  const [row] = await sql<{ attempts: number[]; letters: number[]; arrivals: number[] }[]>`select
    array(select attempts from delivery) as attempts, array(select id::int from dead_letter) as letters,
    array(select id::int from arrival) as arrivals`;
  return { ...row };
}

/** Resolves when somebody waits for a lock on the table. */
async function waitsFor({ services: { sql } }: TestServer, table: string): Promise<void> {
  for (;;) {
    const rows = await sql`select 1 from pg_locks where not granted and relation = ${table}::regclass`;
    if (rows.length > 0) return;
  }
}

Deno.test("[DLV-5] [DLV-6] an acknowledgement that answers the ping comes first: nothing is repeated, charged or discarded", async () => {
  for (const MAX_RETRIES of ["6", "0"]) {
    const clock = new SteppableClock();
    await using server = await startServer({ clock, env: { MAX_RETRIES } });
    await using stalled = await phone(server);
    await server.push();
    await stalled.until(() => ids(stalled, "UCHAT").length === 1);
    stalled.alive = false;
    clock.advance(10_000);
    await stalled.next("ping");
    stalled.ack("UCHAT", 1);
    await stalled.settled();
    assert.deepEqual(ids(stalled, "UCHAT"), [1], MAX_RETRIES);
    assert.deepEqual(await recorded(server), { attempts: [], letters: [], arrivals: [1] }, MAX_RETRIES);
  }
});

Deno.test("[DLV-5] [DLV-4] an answer that comes while a bind is being verified lets the retry go out behind it", async () => {
  const biz = "DEVICE-LOCK";
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using client = await phone(server);
  await server.push({ bizType: biz, linkToken: "d-1" });
  await client.until(() => ids(client, biz).length === 1);
  const made = await server.admin("POST", "/api/instances/default_demo/secrets", { kind: "app" });
  const { secret } = await made.json();
  await server.admin("PATCH", "/api/instances/default_demo", { signature: true });
  client.alive = false;
  const names = { instanceId: "default_demo", deviceId: "d-1", userId: "u-2", sessionId: "s-2" };
  const signed = { timestamp: clock.now(), nonce: crypto.randomUUID() };
  const signature = sign(secret, frameText({ kind: "bind", ...names, ...signed }));
  await server.services.sql.begin(async (tx) => {
    await tx`lock table nonce in access exclusive mode`;
    client.send({ type: "bind", n: 1, userId: "u-2", sessionId: "s-2", points: [], sign: { ...signed, signature } });
    await waitsFor(server, "nonce");
    // the bind is a sign of life for the first retry, and not for the second
    clock.advance(10_000);
    await client.until(() => ids(client, biz).length === 2);
    clock.advance(20_000);
    const { n } = await client.next("ping");
    client.send({ type: "pong", n });
    // the frame waits, and nothing tells when it is there
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
  await client.until(() => ids(client, biz).length === 3);
  assert.deepEqual(await recorded(server), { attempts: [2], letters: [], arrivals: [] });
});
