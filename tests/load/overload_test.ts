import assert from "node:assert/strict";
import { testDatabase } from "../support/database.ts";
import { startProcess } from "../support/process.ts";
import { Line, openLoop } from "./support/open_loop.ts";

const QUEUE = 50;
const PATH = "/webapi/sync/single?instanceId=default_demo";
const body = (n: number) => `{"bizType":"UCHAT","linkToken":"u-${n % 50}","thirdMsgId":"m-${n}","payload":"hello"}`;

Deno.test("[PUSH-5] overloaded, the server answers 503 with Retry-After at once, stores what it answered true, and is well again right after", async () => {
  await using database = await testDatabase();
  await using server = await startProcess({ DATABASE_URL: database.url, APPEND_QUEUE_MAX: String(QUEUE) });
  const address = { hostname: "127.0.0.1", port: server.port };
  // far more at once than the queue holds, again and again: all of a second's calls are due in its first moment
  const result = await openLoop({ address, path: PATH, body, rate: 1e9, seconds: 700 / 1e9, connections: 700 });
  const stored = result.answers.get(200)!, refused = result.answers.get(503)!;
  assert.deepEqual([...result.answers.keys()].sort(), [200, 503]);
  assert.equal(stored.count + refused.count, 700);
  assert.equal(result.withoutHint, 0);
  assert.ok(stored.count >= QUEUE, `${stored.count} were stored`);
  assert.ok(refused.p50 < 5_000, `refusals took ${refused.p50} ms`);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, new RegExp(`^syncline_pushes_stored_total\\{instance="default_demo"\\} ${stored.count}$`, "m"));
  assert.match(metrics, new RegExp(`^syncline_pushes_refused_total\\{code="SYSTEM_BUSY"\\} ${refused.count}$`, "m"));
  assert.match(metrics, /^syncline_append_queue 0$/m);
  using line = await Line.open(address, PATH);
  assert.equal((await line.post(body(1_000_000))).status, 200);
});
