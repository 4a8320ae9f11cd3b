import assert from "node:assert/strict";
import { nextDelay } from "../../src/consistency.ts";
import { consistency, instanceAt, LOGIN, serveTenant, stepClock } from "../support/validation_url.ts";

const VALID = `{"response":{"resultCode":"OK","success":"true","result":{"sid":"s-1","valid":"true"}}}`;
const INVALID = `{"success":true,"result":{"valid":false}}`;

Deno.test("[SES-2] the tenant is asked by POST, unsigned, with the header of its manual", async () => {
  const requests: { method: string; headers: Headers; body: unknown }[] = [];
  await using tenant = serveTenant(async (request) => {
    requests.push({ method: request.method, headers: request.headers, body: await request.json() });
    return new Response(VALID);
  });
  assert.equal(await consistency().validate(tenant.instance, LOGIN, false), "valid");
  const [request] = requests;
  assert.equal(request?.method, "POST");
  assert.deepEqual(request?.body, { instanceId: "sit_app", ...LOGIN });
  assert.equal(request?.headers.get("Operation-Type"), "com.antcloud.session.validate");
  assert.equal(request?.headers.get("Content-Type"), "application/json");
  assert(![...request?.headers.keys() ?? []].some((name) => name.startsWith("x-sync-")));
});

Deno.test("[SES-2] what a client reports cannot become a header", async () => {
  const requests: { headers: Headers; body: unknown }[] = [];
  await using tenant = serveTenant(async (request) => {
    requests.push({ headers: request.headers, body: await request.json() });
    return new Response(INVALID);
  });
  const login = { userId: "u\r\nX-Evil: 1", sessionId: `s"},"admin":true,\r\n\r\n` };
  await consistency().validate(tenant.instance, login, false);
  assert.equal(requests[0]?.headers.get("X-Evil"), null);
  assert.deepEqual(requests[0]?.body, { instanceId: "sit_app", ...login });
});

Deno.test("[SES-3] verdicts by what a real endpoint does", async (t) => {
  const cases: [string, () => Response | Promise<Response>, string, RegExp][] = [
    ["valid", () => new Response(VALID), "valid", /are true/],
    ["invalid", () => new Response(INVALID), "invalid", /result.valid is not/],
    ["another's sid", () => new Response(VALID.replace("s-1", "s-2")), "invalid", /sid/],
    ["failing", () => new Response(VALID, { status: 500 }), "unknown", /HTTP 500/],
    ["lying: an error page with 200", () => new Response("<html>"), "unknown", /not a JSON object/],
    ["empty", () => new Response(null, { status: 204 }), "unknown", /not a JSON object/],
    ["broken off", () => new Response(brokenBody()), "unknown", /No connection/],
    ["huge", () => new Response("x".repeat(1_000_000)), "unknown", /longer than 65536 bytes/],
    ["endless", () => new Response(endlessBody()), "unknown", /longer than 65536 bytes/],
  ];
  for (const [name, answer, verdict, detail] of cases) {
    await t.step(name, async () => {
      await using tenant = serveTenant(answer);
      const trial = await consistency().explain(tenant.instance, LOGIN, false);
      assert.equal(trial.verdict, verdict);
      assert.match(trial.detail, detail);
    });
  }
});

Deno.test("[SES-2] redirects are not followed", async () => {
  let followed = false;
  await using elsewhere = serveTenant(() => {
    followed = true;
    return new Response(VALID);
  });
  for (const status of [301, 302, 303, 307, 308]) {
    await using tenant = serveTenant(() => new Response(null, { status, headers: { Location: elsewhere.url } }));
    const trial = await consistency().explain(tenant.instance, LOGIN, false);
    assert.deepEqual([trial.verdict, trial.status], ["unknown", status]);
    assert.match(trial.detail, /redirects/);
  }
  assert(!followed);
});

Deno.test("[SES-2] a tenant that hangs is given up after 3 s: before the headers and in the middle of the body", async () => {
  for (const answer of [() => never<Response>(), () => new Response(hangingBody())]) {
    await using tenant = serveTenant(answer);
    const clock = stepClock();
    const asking = consistency({ clock }).explain(tenant.instance, LOGIN, false);
    await tenant.asked;
    assert.equal(clock.timers(), 1);
    clock.step(2999);
    assert.equal(clock.timers(), 1);
    clock.step(1);
    const trial = await asking;
    assert.deepEqual([trial.verdict, trial.detail], ["unknown", "No answer within 3000 ms"]);
    assert.equal(clock.timers(), 0);
  }
});

Deno.test("[SES-2] an address that does not speak HTTP, or never stops, costs neither time nor memory", async (t) => {
  const line = `X-More: ${"x".repeat(1000)}\r\n`;
  const cases: [string, (connection: Deno.TcpConn) => Promise<void>][] = [
    ["noise", (connection) => write(connection, "\x16\x03\x01 hello?\r\n\r\n")],
    ["closed at once", () => Promise.resolve()],
    ["another protocol", (connection) => write(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")],
    [
      "a body shorter than announced",
      (connection) => write(connection, `HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n${VALID}`),
    ],
    ["headers without end", async (connection) => {
      await write(connection, "HTTP/1.1 200 OK\r\n");
      for (let sent = 0; sent < 64_000; sent++) await write(connection, line); // 64 MB, unless it is cut before
      assert.fail("all of it was taken");
    }],
  ];
  for (const [name, answer] of cases) {
    await t.step(name, async () => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const serving = listener.accept().then(async (connection) => {
        using _ = connection;
        await connection.read(new Uint8Array(4096));
        await answer(connection).catch((error) => {
          if (error instanceof assert.AssertionError) throw error; // all others: the connection was cut
        });
      });
      const trial = await consistency().explain(instanceAt(`http://127.0.0.1:${listener.addr.port}/`), LOGIN, false);
      assert.equal(trial.verdict, "unknown");
      assert.match(trial.detail, /^No (connection|answer)/);
      await serving;
    });
  }
});

Deno.test("[SES-2] a slow tenant within 3 s is heard", async () => {
  const open = Promise.withResolvers<void>();
  await using tenant = serveTenant(async () => {
    await open.promise;
    return new Response(VALID);
  });
  const clock = stepClock();
  const asking = consistency({ clock }).validate(tenant.instance, LOGIN, false);
  await tenant.asked;
  clock.step(2999);
  open.resolve();
  assert.equal(await asking, "valid");
});

Deno.test("[SES-2] a hello reuses a valid answer for 60 s; a bind, another login and another URL ask", async () => {
  await using tenant = serveTenant(() => new Response(VALID));
  const clock = stepClock();
  const asker = consistency({ clock });
  const ask = (reuse: boolean, login = LOGIN, instance = tenant.instance) => asker.validate(instance, login, reuse);
  await ask(true);
  await ask(true);
  assert.equal(tenant.count(), 1);
  await ask(false);
  assert.equal(tenant.count(), 2);
  await ask(true, { ...LOGIN, sessionId: "s-2" });
  await ask(true, { ...LOGIN, userId: "u-2" });
  await ask(true, LOGIN, { ...tenant.instance, no: 8 });
  await ask(true, LOGIN, { ...tenant.instance, sessionValidateUrl: `${tenant.url}other` });
  assert.equal(tenant.count(), 6);
  clock.step(59_999);
  await ask(true);
  assert.equal(tenant.count(), 6);
  clock.step(1);
  await ask(true);
  assert.equal(tenant.count(), 7);
  clock.step(-3600_000); // set back: how old the answer is nobody knows
  await ask(true);
  assert.equal(tenant.count(), 8);
});

Deno.test("[SES-2] only valid answers are reused, and a later one that is not takes them back", async () => {
  let body = INVALID;
  await using tenant = serveTenant(() => new Response(body));
  const asker = consistency();
  const ask = (reuse: boolean) => asker.validate(tenant.instance, LOGIN, reuse);
  assert.deepEqual([await ask(true), await ask(true), tenant.count()], ["invalid", "invalid", 2]);
  body = VALID;
  assert.equal(await ask(true), "valid");
  body = INVALID;
  assert.equal(await ask(false), "invalid");
  assert.equal(await ask(true), "invalid");
});

Deno.test("[SES-2] at most a bounded number of requests to one URL are under way", async () => {
  let under = 0;
  let most = 0;
  const open = Promise.withResolvers<void>();
  await using tenant = serveTenant(async () => {
    most = Math.max(most, ++under);
    await open.promise;
    under--;
    return new Response(INVALID);
  });
  const asker = consistency({ concurrency: 3 });
  const asking = Array.from({ length: 20 }, () => asker.validate(tenant.instance, LOGIN, false));
  await tenant.asked;
  open.resolve();
  await Promise.all(asking);
  assert.equal(tenant.count(), 20);
  assert(most <= 3, `${most} were under way`);
});

Deno.test("[SES-5] a tenant that keeps failing is left alone, then tried once, and heard again when it recovers", async () => {
  let status = 503;
  await using tenant = serveTenant(() => new Response(VALID, { status }));
  const asker = consistency({ breakMs: 50 });
  const ask = () => asker.explain(tenant.instance, LOGIN, false);
  for (let n = 0; n < 5; n++) assert.equal((await ask()).status, 503);
  for (let n = 0; n < 100; n++) assert.match((await ask()).detail, /kept failing/);
  assert.equal(tenant.count(), 5);
  status = 200;
  while ((await ask()).verdict !== "valid") await systemTurn();
  assert.equal(tenant.count(), 6);
});

Deno.test("[SES-5] one tenant that fails does not keep another from being asked, nor do answers that say no", async () => {
  await using broken = serveTenant(() => new Response(null, { status: 500 }));
  await using saysNo = serveTenant(() => new Response(`{"success":"false"}`, { status: 404 }));
  const asker = consistency();
  for (let n = 0; n < 10; n++) {
    await asker.validate(broken.instance, LOGIN, false);
    await asker.validate(saysNo.instance, LOGIN, false);
  }
  assert.deepEqual([broken.count(), saysNo.count()], [5, 10]);
});

Deno.test("[SES-5] the wait after unknown answers doubles from 1 s to 60 s, with jitter", () => {
  assert.deepEqual([0, 1, 2, 5, 6, 7, 1000].map((attempt) => nextDelay(attempt, 1)), [
    1000,
    2000,
    4000,
    32_000,
    60_000,
    60_000,
    60_000,
  ]);
  assert.equal(nextDelay(0, 0), 500);
  assert.equal(consistency({ random: () => 0.5 }).retryDelay(1), 1500);
});

Deno.test("[SES-4] without a URL nobody is asked and nothing is valid", async () => {
  const asker = consistency();
  const instance = instanceAt(null);
  assert.equal(asker.asks(instance), false);
  assert.equal(await asker.validate(instance, LOGIN, false), "unknown");
});

Deno.test("[SES-2] nothing rejects: a dead address, an unreadable one", async () => {
  const asker = consistency();
  for (const url of ["http://127.0.0.1:1/", "not a url"]) {
    assert.equal(await asker.validate(instanceAt(url), LOGIN, false), "unknown");
  }
});

Deno.test("the trial shows the raw answer, past cache and circuit breaker", async () => {
  await using tenant = serveTenant(() => new Response("oops", { status: 500 }));
  const asker = consistency();
  for (let n = 0; n < 8; n++) {
    const trial = await asker.tryUrl(tenant.instance, tenant.url, LOGIN);
    assert.deepEqual([trial.verdict, trial.status, trial.raw], ["unknown", 500, "oops"]);
  }
  assert.equal(tenant.count(), 8);
});

async function write(connection: Deno.TcpConn, text: string): Promise<void> {
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(text)).finally(() => writer.releaseLock());
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}

function hangingBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(`{"success":`)) });
}

function brokenBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(VALID)),
    pull: (controller) => controller.error(new Error("broken off")),
  });
}

function endlessBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) });
}

/** One turn of the event loop, so that a loop that waits for something lets it happen. */
function systemTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
