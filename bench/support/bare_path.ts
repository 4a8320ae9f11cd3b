/**
 * The least that a durable push can be on this machine, with the same parts: POST, JSON, group commit of a plain insert
 * under a lock per stream, answer. No checks, no key of an earlier call but the unique index, no delivery.
 *
 *     deno run -A bench/support/bare_path.ts <port> <address of a Postgres that may be written to>
 */
import { openSql } from "../../db/sql.ts";

const [port, url] = [Number(Deno.args[0]), Deno.args[1]!];
const sql = openSql(url, { max: 1 });

await sql.unsafe(`
  create table if not exists bare_path (
    owner text collate "C", config int, id bigint, mid text collate "C", at bigint, payload text,
    primary key (owner, config, id), unique (owner, config, mid));
  create or replace function bare_append(p_owner text[], p_mid text[], p_at bigint, p_payload text[])
  returns bigint language plpgsql as $$
  declare v_last bigint;
  begin
    perform pg_advisory_xact_lock(h) from (select hashtextextended(o, 1) h from unnest(p_owner) o order by 1) x;
    with stored as (
      insert into bare_path
      select o, 1, coalesce((select max(p.id) from bare_path p where p.owner = o and p.config = 1), 0) + 1, m, p_at, body
      from unnest(p_owner, p_mid, p_payload) u(o, m, body) on conflict do nothing returning id
    ) select max(id) into v_last from stored;
    return v_last;
  end $$`);

type Waiting = { owner: string; mid: string; payload: string; done: () => void };
let waiting: Waiting[] = [];
let running = 0;
let last = 0;

/** As the product does it: the next commit follows on the same connection once as many wait as the last one holds. */
function pump(): void {
  while (waiting.length > 0 && (running === 0 || running === 1 && waiting.length >= last)) {
    const batch = waiting;
    waiting = [];
    last = batch.length;
    running++;
    void commit(batch).then(() => {
      running--;
      for (const { done } of batch) done();
      pump();
    });
  }
}

async function commit(batch: readonly Waiting[]): Promise<void> {
  const column = (of: (one: Waiting) => string) => `{${batch.map((one) => JSON.stringify(of(one))).join()}}`;
  await sql`select bare_append(${column((one) => one.owner)}::text[], ${column((one) => one.mid)}::text[],
    ${Date.now()}, ${column((one) => one.payload)}::text[])`;
}

Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async (request) => {
  const { linkToken, thirdMsgId, payload } = await request.json();
  await new Promise<void>((done) => {
    waiting.push({ owner: linkToken, mid: thirdMsgId, payload, done });
    pump();
  });
  return Response.json({ success: true, msg: "NOT_ONLINE" });
});
