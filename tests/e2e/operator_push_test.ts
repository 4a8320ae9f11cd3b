import assert from "node:assert/strict";
import { RawClient } from "../support/client.ts";
import { makeConfig, setStatus } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";

const PUSHES = "/api/instances/default_demo/pushes";
const MESSAGE = { bizType: "UCHAT", linkToken: "u-1", payload: "hello" };

async function send(server: TestServer, fields: Record<string, unknown>): Promise<Record<string, unknown>> {
  const response = await server.admin("POST", PUSHES, { ...MESSAGE, ...fields });
  return { status: response.status, ...await response.json() };
}

/** What is in the log and in the records of sent data, the oldest first, with the transactions that wrote them. */
async function stored({ services: { sql } }: TestServer) {
  const ops = await sql<
    { id: number; mid: string; tx: string }[]
  >`select id, mid, xmin::text as tx from op order by id`;
  const records = await sql<{ action: string; mid: string; msg: string | null; operator: string; tx: string }[]>`
    select action, after->>'thirdMsgId' as mid, after->>'msg' as msg, operator, xmin::text as tx from record
    where action like 'data.%' order by id`;
  return { ops: [...ops], records: [...records] };
}

/** From now on this happens at every insert into a table, inside the transaction. */
async function onInsert({ services: { sql } }: TestServer, table: string, statements: string): Promise<void> {
  await sql.unsafe(`create function trap_${table}() returns trigger language plpgsql as
    $$ begin if (to_jsonb(new)->>'action') is distinct from 'kick' then ${statements} end if; return new; end $$`);
  await sql.unsafe(`create trigger trap before insert on ${table} for each row execute function trap_${table}()`);
}

const endTrap = ({ services: { sql } }: TestServer, table: string) => sql.unsafe(`drop trigger trap on ${table}`);

Deno.test("[REC-1] an operator's push and its record are written by one transaction, and the push arrives at once", async () => {
  await using server = await startServer();
  await using client = await RawClient.connect(server, { user: { userId: "u-1", sessionId: "s-1", points: [] } });
  assert.deepEqual(await send(server, { thirdMsgId: "m-1" }), { status: 200, success: true, msg: "SUCCESS" });
  await client.until(() =>
    client.frames.some((frame) => frame.type === "sync" && frame.batches[0]?.ops[0]?.mid === "m-1")
  );
  const { ops: [op], records: [record] } = await stored(server);
  assert.deepEqual([op?.mid, record?.action, record?.mid, record?.operator], ["m-1", "data.sent", "m-1", "token"]);
  assert.equal(op?.tx, record?.tx);
});

Deno.test("[REC-1] whatever breaks between push and record, none of the two exists, and a repeat makes both", async (t) => {
  const breaks: [string, string, string][] = [
    ["the record cannot be written", "record", "raise exception 'full';"],
    ["the op cannot be written", "op", "raise exception 'full';"],
    ["the connection dies after the op was written", "record", "perform pg_terminate_backend(pg_backend_pid());"],
  ];
  for (const [name, table, statements] of breaks) {
    await t.step(name, async () => {
      await using server = await startServer({ quiet: true });
      await using client = await RawClient.connect(server, { user: { userId: "u-1", sessionId: "s-1", points: [] } });
      await onInsert(server, table, statements);
      const { success, msg, detail } = await send(server, { thirdMsgId: "m-1" });
      assert.deepEqual([success, msg], [false, "SYSTEM_ERROR"]);
      assert(!String(detail).includes("full"), "what is our fault is not told");
      assert.deepEqual(await stored(server), { ops: [], records: [] });
      await endTrap(server, table);
      // after a lost connection the first one may still be told so
      let answer = await send(server, { thirdMsgId: "m-1" });
      if (answer.msg === "SYSTEM_ERROR") answer = await send(server, { thirdMsgId: "m-1" });
      assert.equal(answer.msg, "SUCCESS");
      const { ops, records } = await stored(server);
      assert.deepEqual([ops.map((op) => op.id), records.length], [[1], 1]);
      await client.until(() => client.frames.some((frame) => frame.type === "sync"));
    });
  }
});

Deno.test("[REC-1] a push that is not taken leaves one record that says why, and none that says sent", async () => {
  await using server = await startServer();
  await makeConfig(server, { bizType: "PAUSED" });
  await setStatus(server, "PAUSED", "offline");
  await send(server, { thirdMsgId: "m-1" });
  const refused: [Record<string, unknown>, string][] = [
    [{ thirdMsgId: "m-1" }, "DUPLICATED_BIZ_ID"],
    [{ thirdMsgId: "m-2", bizType: "PAUSED" }, "BIZ_NOT_ONLINE"],
    [{ thirdMsgId: "m-3", payload: "x".repeat(4097) }, "PAYLOAD_LONG"],
    [{ thirdMsgId: "m-4", validTimeEnd: 1 }, "ARGS_ILLEGAL"],
    [{ thirdMsgId: undefined }, "THIRDMSGID_IS_NULL"],
  ];
  for (const [fields, msg] of refused) assert.equal((await send(server, fields)).msg, msg);
  const { ops, records } = await stored(server);
  assert.deepEqual(ops.map((op) => op.mid), ["m-1"]);
  assert.deepEqual(records.map(({ action, mid, msg }) => [action, mid, msg]), [
    ["data.sent", "m-1", null],
    ...refused.map(([fields, msg]) => ["data.refused", fields.thirdMsgId ?? null, msg]),
  ]);
});

Deno.test("[REC-1] a config that went offline after it was looked up: the log refuses, and no record says sent", async () => {
  await using server = await startServer();
  await server.services.sql.begin(async (tx) => {
    // the cached catalog learns of it by trigger and by the version; here it must not
    await tx`set local session_replication_role = replica`;
    await tx`update config set status = 'offline' where biz_type = 'UCHAT'`;
  });
  assert.equal((await send(server, { thirdMsgId: "m-1" })).msg, "BIZ_NOT_ONLINE");
  const { ops, records } = await stored(server);
  assert.deepEqual([ops, records.map((record) => record.action)], [[], ["data.refused"]]);
});

Deno.test("[REC-1] what a config does not store is recorded before it is handed on, and without a record not at all", async () => {
  await using server = await startServer({ quiet: true });
  await makeConfig(server, { bizType: "TICK", persistent: false });
  await using client = await RawClient.connect(server, { user: { userId: "u-1", sessionId: "s-1", points: [] } });
  const heard = () =>
    client.frames.flatMap((frame) => frame.type === "sync" ? frame.batches.flatMap((batch) => batch.ops) : []);
  assert.equal((await send(server, { bizType: "TICK", validTimeEnd: 1 })).msg, "ARGS_ILLEGAL");
  await onInsert(server, "record", "raise exception 'full';");
  assert.equal((await send(server, { bizType: "TICK", thirdMsgId: "never" })).msg, "SYSTEM_ERROR");
  await endTrap(server, "record");
  const { msg, thirdMsgId } = await send(server, { bizType: "TICK" });
  assert.equal(msg, "SUCCESS");
  await client.until(() => heard().length > 0);
  assert.deepEqual(heard().map((op) => op.mid), [thirdMsgId]);
  const { records } = await stored(server);
  assert.deepEqual(records.map(({ action, msg }) => [action, msg]), [["data.refused", "ARGS_ILLEGAL"], [
    "data.sent",
    null,
  ]]);
});

Deno.test("[REC-1] a deadlock is tried again, and leaves one op and one record", async () => {
  await using server = await startServer();
  await server.services.sql`create sequence tries`;
  await onInsert(server, "record", "if nextval('tries') < 3 then raise exception 'x' using errcode = '40P01'; end if;");
  assert.equal((await send(server, { thirdMsgId: "m-1" })).msg, "NOT_ONLINE");
  const { ops, records } = await stored(server);
  assert.deepEqual([ops.length, records.length], [1, 1]);
});

Deno.test("[STR-2] operators' pushes and those of callers share the stream's order: ids are dense, and all arrive in order", async () => {
  await using server = await startServer();
  await using client = await RawClient.connect(server, { user: { userId: "u-1", sessionId: "s-1", points: [] } });
  const all = Array.from(
    { length: 60 },
    (_, n) => n % 3 === 0 ? send(server, { thirdMsgId: `o-${n}` }) : server.push({ thirdMsgId: `c-${n}` }),
  );
  for (const answer of await Promise.all(all)) assert.equal(answer.msg, "SUCCESS");
  const ids = () =>
    client.frames.flatMap((frame) =>
      frame.type === "sync" ? frame.batches.flatMap((b) => b.ops.map((op) => op.id)) : []
    );
  await client.until(() => ids().length >= 60);
  assert.deepEqual(ids(), Array.from({ length: 60 }, (_, n) => n + 1));
  const { records } = await stored(server);
  assert.equal(records.length, 20);
});
