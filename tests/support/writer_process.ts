/**
 * A writer of the log in a process of its own: waits for a line on standard input, then appends COUNT ops to one stream,
 * up to eight at a time, and prints the ids it was given, a JSON array.
 *
 * Usage: deno run -A writer_process.ts DATABASE_URL CONFIG OWNER COUNT NAME
 */
import { AppendQueue } from "../../db/append_queue.ts";
import { postgresOplog } from "../../db/oplog_postgres.ts";
import { openSql } from "../../db/sql.ts";
import { newOp } from "./new_op.ts";

const [url = "", config = "", owner = "", count = "", name = ""] = Deno.args;
const sql = openSql(url, { max: 2 });
const queue = new AppendQueue([postgresOplog(sql)], { batch: 5 });
await sql`select 1`;
console.log("ready");
await Deno.stdin.read(new Uint8Array(1));
const ids: number[] = [];
let next = 0;
await Promise.all(Array.from({ length: 8 }, async () => {
  while (next < Number(count)) {
    const result = await queue.append(newOp(Number(config), { owner, mid: `${name}-${next++}` }));
    if (result.outcome === "stored") ids.push(result.id);
  }
}));
console.log(JSON.stringify(ids));
await sql.end();
