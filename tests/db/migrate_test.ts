import assert from "node:assert/strict";
import { migrate } from "../../db/migrate.ts";
import { openSql } from "../../db/sql.ts";
import { testDatabase } from "../support/database.ts";

Deno.test("[PUSH-7] a database whose encoding cannot hold every payload is refused at the start, in one sentence", async () => {
  await using database = await testDatabase();
  const sql = openSql(database.url, { max: 1 });
  const name = `latin_${crypto.randomUUID().replaceAll("-", "")}`;
  await sql.unsafe(`create database ${name} template template0 encoding 'LATIN1' locale 'C'`);
  try {
    await assert.rejects(migrate(new URL(`/${name}`, database.url).href), {
      name: "StartError",
      message: `Cannot use the database ${name}: its encoding is LATIN1; make one with encoding UTF8.`,
    });
  } finally {
    await sql.unsafe(`drop database ${name} with (force)`);
    await sql.end();
  }
});

Deno.test("a migration, and who waits for another server's, may take longer than any other statement", async () => {
  await using database = await testDatabase();
  const sql = openSql(database.url, { max: 1 });
  const name = `empty_${crypto.randomUUID().replaceAll("-", "")}`;
  const url = new URL(`/${name}`, database.url).href;
  await sql.unsafe(`create database ${name} template template0`);
  const empty = openSql(url, { max: 1 });
  try {
    await empty.unsafe(`create table seen as select current_setting('statement_timeout') as timeout with no data;
      create function note() returns event_trigger language plpgsql as $$
        begin insert into public.seen values (current_setting('statement_timeout')); end $$;
      create event trigger noting on ddl_command_start execute function note()`);
    await migrate(url);
    assert.deepEqual([...await empty`select distinct timeout from seen`], [{ timeout: "0" }]);
  } finally {
    await empty.end();
    await sql.unsafe(`drop database ${name} with (force)`);
    await sql.end();
  }
});

Deno.test("[THR-1] a database whose cut was made before it went in steps gets the one that does", async (t) => {
  const before = {
    "at once": "p_deep boolean default false) returns void",
    "in steps": "p_from bigint[] default null, p_most int default null) returns table (owner text, next bigint)",
  };
  for (const [how, rest] of Object.entries(before)) {
    await t.step(how, async () => {
      await using database = await testDatabase();
      const sql = openSql(database.url, { max: 1 });
      try {
        await sql`drop function drop_over_threshold`;
        await sql.unsafe(`create function drop_over_threshold(p_config int[], p_owner text[], p_now bigint, ${rest}
          language plpgsql as $$ begin raise 'the former one'; end $$`);
        await sql`delete from migration where name > '009_kicks.sql'`;
        await migrate(database.url);
        const cut = sql`select * from drop_over_threshold(array[1], array['u-1'], 0, array[0]::bigint[], 10)`;
        assert.deepEqual([...await cut], []);
        assert.deepEqual([...await sql`select drop_over_threshold(array[1], array['u-1'], 0)`], []);
      } finally {
        await sql.end();
      }
    });
  }
});
