import assert from "node:assert/strict";
import { RawClient, user } from "../support/client.ts";
import { SteppableClock } from "../support/clock.ts";
import { setStatus } from "../support/configs.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { ackIds, goneIds, ids, lateIds } from "./shared.ts";

/** The waits of DLV-4, in seconds: before each of the six retries, and before the op is given up. */
const WAITS = [10, 20, 40, 60, 60, 60, 60];

const phone = (server: TestServer, deviceId = "d-1", hello: Parameters<typeof RawClient.connect>[1] = {}) =>
  RawClient.connect(server, { deviceId, user: user("u-1"), ...hello });

/** How often an op was sent on this connection. */
const sends = (client: RawClient, id = 1, biz = "UCHAT") => ids(client, biz).filter((other) => other === id).length;

/** Lets one wait run out, and sees the retry that follows. */
async function oneRetry(clock: SteppableClock, client: RawClient, seconds: number, id = 1, biz = "UCHAT") {
  const before = sends(client, id, biz);
  await client.settled();
  clock.advance(seconds * 1_000);
  await client.until(() => sends(client, id, biz) > before);
}

const letters = (server: TestServer) =>
  server.services.sql<{ subject: string; device: string; id: number; reason: string; attempts: number }[]>`
    select subject, device, id, reason, attempts from dead_letter order by subject, device, id`.then((
    rows,
  ) => [...rows]);

async function attempts(server: TestServer): Promise<number[]> {
  await server.services.recorder.flush();
  const rows = await server.services.sql<{ attempts: number }[]>`select attempts from delivery order by id`;
  return rows.map((row) => row.attempts);
}

Deno.test("[DLV-4] [DLV-6] unacked ops are sent again after 10 s, doubling to 60 s, six times; then it is discarded and told", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using client = await phone(server);
  await server.push();
  await client.until(() => ids(client, "UCHAT").length === 1);
  for (const [index, seconds] of WAITS.slice(0, 6).entries()) {
    await client.settled();
    clock.advance(seconds * 1_000 - 500);
    await client.settled();
    assert.equal(sends(client), index + 1, `after ${seconds} s less a little`);
    clock.advance(500);
    await client.until(() => sends(client) === index + 2);
  }
  await server.push();
  await client.until(() => ids(client, "UCHAT").includes(2));
  client.ack("UCHAT", 0);
  ackIds(client, "UCHAT", [2]);
  await client.settled();
  clock.advance(60_000);
  await client.until(() => goneIds(client, "UCHAT").length === 1);
  assert.deepEqual([sends(client), goneIds(client, "UCHAT")], [7, [1]]);
  await server.services.recorder.flush();
  assert.deepEqual(await letters(server), [{ subject: "u-1", device: "d-1", id: 1, reason: "retries", attempts: 6 }]);
  // an ack after that changes nothing; later ops go on
  client.ack("UCHAT", 2);
  ackIds(client, "UCHAT", [1]);
  await server.push();
  await client.until(() => ids(client, "UCHAT").includes(3));
  await client[Symbol.asyncDispose]();
  await using again = await phone(server);
  await again.until(() => ids(again, "UCHAT").length === 2);
  assert.deepEqual(ids(again, "UCHAT"), [2, 3]);
  await using reporting = await phone(server, "d-1", { user: user("u-1", [["user", "UCHAT", 2]]) });
  await reporting.until(() => ids(reporting, "UCHAT").length === 1);
  await server.services.recorder.flush();
  const arrived = await server.services.sql`select id from arrival order by id`;
  assert.deepEqual(arrived.map((row) => row.id), [2]);
  assert.equal((await letters(server)).length, 1);
});

Deno.test("[DLV-5] a client that does not answer the ping is dropped after 10 s, and nothing was charged", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using dead = await phone(server);
  await server.push();
  await dead.until(() => sends(dead) === 1);
  dead.alive = false;
  clock.advance(10_000);
  await dead.next("ping");
  clock.advance(10_000);
  assert.equal((await dead.close()).code, 1011);
  assert.equal(sends(dead), 1);
  assert.deepEqual(await attempts(server), [0]);
  await using back = await phone(server);
  await back.until(() => sends(back) === 1);
  for (const seconds of WAITS.slice(0, 6)) await oneRetry(clock, back, seconds);
  assert.deepEqual(await attempts(server), [6]);
});

Deno.test("[DLV-5] a broken connection costs no attempt and makes the ops due at once on the next one", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await server.push();
  for (let round = 0; round < 8; round++) {
    await using client = await phone(server);
    await client.until(() => sends(client) === 1);
    await client.settled();
  }
  assert.deepEqual(await attempts(server), [0]);
  await using last = await phone(server);
  await last.until(() => sends(last) === 1);
  await oneRetry(clock, last, 10);
  assert.deepEqual(await attempts(server), [1]);
});

Deno.test("[DLV-5] attempts survive reconnects and restarts: the sixth retry is the last, wherever the others were", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await server.push();
  {
    await using first = await phone(server);
    await first.until(() => sends(first) === 1);
    for (const seconds of WAITS.slice(0, 2)) await oneRetry(clock, first, seconds);
  }
  {
    await using second = await phone(server);
    await second.until(() => sends(second) === 1);
    for (const seconds of WAITS.slice(2, 4)) await oneRetry(clock, second, seconds);
  }
  await server.restart();
  await using third = await phone(server);
  await third.until(() => sends(third) === 1);
  for (const seconds of WAITS.slice(4, 6)) await oneRetry(clock, third, seconds);
  await third.settled();
  clock.advance(60_000);
  await third.until(() => goneIds(third, "UCHAT").length === 1);
  await server.services.recorder.flush();
  assert.deepEqual((await letters(server)).map((letter) => letter.attempts), [6]);
});

Deno.test("[DLV-4] each op has its own count; what was acked by id out of order is neither repeated nor charged", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using client = await phone(server);
  await server.push();
  await client.until(() => sends(client) === 1);
  await oneRetry(clock, client, 10);
  for (let i = 0; i < 3; i++) await server.push();
  await client.until(() => ids(client, "UCHAT").includes(4));
  ackIds(client, "UCHAT", [3]);
  await client.settled();
  clock.advance(12_000);
  await client.until(() => sends(client, 4) === 2);
  clock.advance(10_000);
  await client.until(() => sends(client, 1) === 3);
  await client.settled();
  assert.deepEqual([1, 2, 3, 4].map((id) => sends(client, id)), [3, 2, 1, 2]);
  assert.deepEqual(await attempts(server), [2, 1, 1]);
});

Deno.test("[DLV-6] the client is told of a discard only when its dead letter is durable: it never reports what it was told", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using client = await phone(server);
  await server.push();
  await client.until(() => ids(client, "UCHAT").length === 1);
  for (const seconds of WAITS.slice(0, 6)) await oneRetry(clock, client, seconds);
  await client.settled();
  await server.services.recorder.flush();
  const { promise: held, resolve: holds } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
  const holding = server.services.sql.begin(async (tx) => {
    await tx`lock table dead_letter in access exclusive mode`;
    holds();
    await goOn;
  });
  await held;
  clock.advance(60_000);
  // the discard is being written: a later op goes on meanwhile
  await server.push();
  await client.until(() => ids(client, "UCHAT").includes(2));
  await client.settled();
  assert.deepEqual([sends(client), goneIds(client, "UCHAT")], [7, []]);
  release();
  await holding;
  await client.until(() => goneIds(client, "UCHAT").length === 1);
  assert.equal((await letters(server)).length, 1);
});

Deno.test("[DLV-6] [DEV-1] a multi-device op discarded for one device is still delivered to another", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock, env: { MAX_RETRIES: "1" } });
  await using client = await phone(server);
  await server.push();
  await client.until(() => sends(client) === 1);
  await oneRetry(clock, client, 10);
  await client.settled();
  clock.advance(20_000);
  await client.until(() => goneIds(client, "UCHAT").length === 1);
  await using other = await phone(server, "d-2");
  await other.until(() => sends(other) === 1);
  other.ack("UCHAT", 1);
  await other.settled();
  await server.services.recorder.flush();
  assert.deepEqual((await server.services.sql`select device from arrival`).map((row) => row.device), ["d-2"]);
  assert.deepEqual((await letters(server)).map((letter) => letter.device), ["d-1"]);
});

Deno.test("[DLV-6] [DEV-2] attempts of a single-device op count for the user, whichever session was tried", async () => {
  const biz = "TRADE-RESULT";
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await server.push({ bizType: biz });
  await using second = await phone(server, "d-2");
  await second.until(() => sends(second, 1, biz) === 1);
  {
    await using first = await phone(server, "d-1");
    for (const seconds of WAITS.slice(0, 3)) await oneRetry(clock, second, seconds, 1, biz);
    second.send({ type: "unbind", n: 1 });
    await first.until(() => sends(first, 1, biz) === 1);
    for (const seconds of WAITS.slice(3, 6)) await oneRetry(clock, first, seconds, 1, biz);
    await first.settled();
    clock.advance(60_000);
    await first.until(() => goneIds(first, biz).length === 1);
  }
  await using third = await phone(server, "d-3");
  await server.push({ bizType: biz });
  await third.until(() => ids(third, biz).length > 0);
  assert.deepEqual(ids(third, biz), [2]);
  assert.deepEqual(await letters(server), [{ subject: "u-1", device: "", id: 1, reason: "retries", attempts: 6 }]);
});

Deno.test("[DLV-6] a window emptied by discards goes on with what waits in the log, single-device streams too", async () => {
  for (const biz of ["UCHAT", "TRADE-RESULT"]) {
    const clock = new SteppableClock();
    await using server = await startServer({ clock, env: { MAX_RETRIES: "1", WINDOW_OPS: "2" } });
    await using client = await phone(server);
    for (let i = 0; i < 4; i++) await server.push({ bizType: biz });
    await client.until(() => ids(client, biz).length === 2);
    await oneRetry(clock, client, 10, 2, biz);
    await client.settled();
    clock.advance(20_000);
    await client.until(() => ids(client, biz).includes(4));
    await client.until(() => goneIds(client, biz).length === 2);
    assert.deepEqual(goneIds(client, biz), [1, 2]);
    assert.deepEqual([3, 4].map((id) => sends(client, id, biz)), [1, 1]);
  }
});

Deno.test("[DLV-6] [DLV-7] an op that expires while unacked leaves the window, is told, and is no dead letter", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock });
  await using client = await phone(server);
  await server.push({ validTimeEnd: clock.now() + 15_000 });
  await server.push({ bizType: "TRADE-RESULT", validTimeEnd: clock.now() + 15_000 });
  await client.until(() => sends(client) === 1 && sends(client, 1, "TRADE-RESULT") === 1);
  await oneRetry(clock, client, 10);
  await client.settled();
  clock.advance(5_000);
  await client.until(() => goneIds(client, "UCHAT").length === 1 && goneIds(client, "TRADE-RESULT").length === 1);
  await client.settled();
  clock.advance(60_000);
  await client.settled();
  assert.deepEqual([sends(client), sends(client, 1, "TRADE-RESULT")], [2, 2]);
  await client[Symbol.asyncDispose]();
  await using again = await phone(server);
  await server.push();
  await again.until(() => ids(again, "UCHAT").length > 0);
  assert.deepEqual([ids(again, "UCHAT"), ids(again, "TRADE-RESULT")], [[2], []]);
  assert.deepEqual(await letters(server), []);
});

Deno.test("[DLV-5] [CFG-4] while a config is offline timers rest: nothing is sent, charged or discarded", async () => {
  const clock = new SteppableClock();
  await using server = await startServer({ clock, env: { MAX_RETRIES: "1" } });
  await using client = await phone(server);
  await server.push();
  await client.until(() => sends(client) === 1);
  await oneRetry(clock, client, 10);
  await setStatus(server, "UCHAT", "offline");
  for (let minute = 0; minute < 3; minute++) {
    clock.advance(40_000);
    await client.settled();
  }
  await setStatus(server, "UCHAT", "online");
  await client.settled();
  assert.deepEqual([sends(client), goneIds(client, "UCHAT")], [2, []]);
  // the last wait was not used up by the rest
  clock.advance(19_000);
  await client.settled();
  assert.deepEqual(goneIds(client, "UCHAT"), []);
  clock.advance(1_000);
  await client.until(() => goneIds(client, "UCHAT").length === 1);
  assert.deepEqual([sends(client), lateIds(client, "UCHAT")], [2, []]);
});
