import assert from "node:assert/strict";
import type { Clock } from "../../../src/clock.ts";
import { createPasswords, oneTimePassword } from "../../../src/passwords.ts";
import { type AdminServer, adminServer, type Answer, CONSOLE, cookieOf } from "../../support/admin.ts";

const NEXT = "another long password";

Deno.test("[CON-1] the first start creates one admin with a one-time password, also of two servers at once", async () => {
  await using server = await adminServer();
  const made = await Promise.all(Array.from({ length: 5 }, () => server.accounts.createFirst()));
  const [first, ...others] = made.filter((each) => each !== undefined);
  assert.deepEqual([first?.login, others.length], ["admin", 0]);
  assert.equal(await server.accounts.createFirst(), undefined);
  const me = await login(server, first?.login ?? "", first?.password ?? "");
  assert.deepEqual(me.json, { login: "admin", role: "admin", mustChangePassword: true, by: "session" });
});

Deno.test("[CON-1] after the change of the one-time password everything opens, and the old one is dead", async () => {
  await using server = await adminServer();
  const first = await server.accounts.createFirst() ?? { login: "", password: "" };
  const headers = { ...CONSOLE, Cookie: cookieOf(await login(server, first.login, first.password)) };
  const change = (current: string, next: string) =>
    server.send("POST", "/api/session/password", { headers, body: { current, next } });
  assert.equal((await change("wrong", NEXT)).body.field, "current");
  assert.equal((await change(first.password, "short")).body.field, "next");
  assert.equal((await change(first.password, first.password)).body.field, "next");
  assert.equal((await change(first.password, NEXT)).status, 204);
  assert.equal((await server.send("GET", "/api/instances", { headers })).status, 200);
  assert.equal((await login(server, "admin", first.password)).body.code, "LOGIN_FAILED");
  assert.equal((await login(server, "ADMIN", NEXT)).status, 200);
});

Deno.test("[CON-1] the cookie is HttpOnly, SameSite=Strict, and Secure where there is TLS", async () => {
  for (const [tls, proxied] of [[false, false], [true, false], [false, true]] as const) {
    await using server = await adminServer({ tls });
    const first = await server.accounts.createFirst();
    const headers = { ...CONSOLE, ...(proxied && { "X-Forwarded-Proto": "https" }) };
    const answer = await server.send("POST", "/api/session", { headers, body: first });
    const cookie = answer.headers.get("Set-Cookie") ?? "";
    assert.match(cookie, /^syncline_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly;( Secure;)? SameSite=Strict$/);
    assert.equal(cookie.includes("Secure"), tls || proxied);
  }
});

Deno.test("the session's token is stored as a hash only, and a login takes another one", async () => {
  await using server = await adminServer();
  const first = await server.loggedIn("viewer");
  const token = first.Cookie?.split("=")[1] ?? "";
  const rows = await server.db.sql`select s::text as text from operator_session s`;
  assert(rows.length === 1 && !rows[0]?.text.includes(token));
  const again = await login(server, "the-viewer", "correct horse battery", { Cookie: first.Cookie ?? "" });
  assert.notEqual(cookieOf(again), first.Cookie);
  assert.equal((await server.send("GET", "/api/session", { headers: first })).body.code, "UNAUTHENTICATED");
  const headers = { ...CONSOLE, Cookie: cookieOf(again) };
  assert.equal((await server.send("GET", "/api/session", { headers })).body.login, "the-viewer");
});

Deno.test("a session ends by logout, expiry, disabling, a reset and a new password elsewhere", async (t) => {
  const clock = movedClock();
  await using server = await adminServer({ clock });
  const admin = (method: string, path: string, body?: unknown) => server.admin(method, path, body);
  const idOf = (name: string) => operatorId(server, name);
  const password = "correct horse battery";
  const ends: Record<string, (login: string, headers: Record<string, string>) => Promise<unknown>> = {
    logout: (_login, headers) => server.send("DELETE", "/api/session", { headers }),
    expiry: () => Promise.resolve(clock.move(12 * 3600_000)),
    disabling: async (login) => admin("PATCH", `/api/operators/${await idOf(login)}`, { disabled: true }),
    reset: async (login) => admin("POST", `/api/operators/${await idOf(login)}/password`),
    "new password elsewhere": async (name) => {
      const headers = { ...CONSOLE, Cookie: cookieOf(await login(server, name, password)) };
      const body = { current: password, next: NEXT };
      assert.equal((await server.send("POST", "/api/session/password", { headers, body })).status, 204);
      assert.equal((await server.send("GET", "/api/session", { headers })).status, 200, "the changing session stays");
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    await t.step(name, async () => {
      const account = `u-${name.replaceAll(" ", "-")}`;
      const headers = await server.loggedIn("operator", account);
      assert.equal((await server.send("GET", "/api/session", { headers })).status, 200);
      await end(account, headers);
      assert.equal((await server.send("GET", "/api/session", { headers })).body.code, "UNAUTHENTICATED");
    });
  }
});

Deno.test("a changed role acts on the next request", async () => {
  await using server = await adminServer();
  const headers = await server.loggedIn("admin", "second");
  await server.loggedIn("admin", "first");
  const id = await operatorId(server, "second");
  assert.equal((await server.send("GET", "/api/operators", { headers })).status, 200);
  await server.admin("PATCH", `/api/operators/${id}`, { role: "viewer" });
  assert.equal((await server.send("GET", "/api/operators", { headers })).body.code, "FORBIDDEN");
});

Deno.test("a wrong login is slowed down, and told apart from an unknown one by nothing", async () => {
  const clock = movedClock();
  await using server = await adminServer({ clock });
  await server.loggedIn("viewer");
  const answers: Answer[] = [];
  for (const name of ["the-viewer", "unknown"]) {
    for (let n = 0; n < 5; n++) answers.push(await login(server, name, "wrong"));
    answers.push(await login(server, name, "correct horse battery"));
  }
  assert.deepEqual(answers.slice(0, 6).map((a) => a.body), answers.slice(6).map((a) => a.body));
  assert.deepEqual(answers.slice(0, 6).map((a) => a.status), [401, 401, 401, 401, 401, 429]);
  clock.move(1000);
  assert.equal((await login(server, "the-viewer", "correct horse battery")).status, 200);
});

Deno.test("simultaneous guesses do not slip through together", async () => {
  await using server = await adminServer();
  const answers = await Promise.all(Array.from({ length: 30 }, () => login(server, "admin", "guess")));
  assert.equal(answers.filter((answer) => answer.status === 401).length, 5);
});

Deno.test("logins that failed for want of a database cost no wait when it is back", async () => {
  await using server = await adminServer();
  const headers = await server.loggedIn("viewer");
  await server.db.sql`alter table operator rename to operator_gone`;
  for (let n = 0; n < 8; n++) assert.equal((await login(server, "the-viewer", "correct horse battery")).status, 500);
  await server.db.sql`alter table operator_gone rename to operator`;
  assert.equal((await login(server, "the-viewer", "correct horse battery")).status, 200);
  const body = { current: "correct horse battery", next: NEXT };
  assert.equal((await server.send("POST", "/api/session/password", { headers, body })).status, 204);
});

Deno.test("at least one enabled admin remains", async () => {
  await using server = await adminServer();
  await server.accounts.createFirst();
  const id = await operatorId(server, "admin");
  for (const change of [{ role: "viewer" }, { disabled: true }]) {
    const answer = await server.admin("PATCH", `/api/operators/${id}`, change);
    assert.deepEqual([answer.status, answer.body.code], [409, "LAST_ADMIN"]);
  }
});

Deno.test("[OPS-5] there is no operator of a number that no column holds", async () => {
  await using server = await adminServer();
  for (const id of ["-3000000000", "3000000000", "-9007199254740991", "0", "-1"]) {
    for (const [method, path, body] of [["PATCH", "", { role: "viewer" }], ["POST", "/password", undefined]] as const) {
      const answer = await server.admin(method, `/api/operators/${id}${path}`, body);
      assert.deepEqual([answer.status, answer.body.code], [404, "OPERATOR_NOT_FOUND"], id);
    }
  }
  assert.deepEqual(server.errors, []);
});

Deno.test("[REC-1] changes of operators are recorded without passwords and hashes", async () => {
  await using server = await adminServer();
  const made = await server.admin("POST", "/api/operators", { login: "li.na", role: "operator" });
  assert.equal(made.status, 201);
  const id = await operatorId(server, "li.na");
  await server.admin("PATCH", `/api/operators/${id}`, { role: "viewer" });
  const reset = await server.admin("POST", `/api/operators/${id}/password`);
  const { body } = await server.admin("GET", "/api/operators/records");
  assert.deepEqual(
    body.items.map(({ operator, action, object }) => [operator, action, object]),
    [["token", "operator.password", "li.na"], ["token", "operator.changed", "li.na"], [
      "token",
      "operator.created",
      "li.na",
    ]],
  );
  for (const secret of [made.body.password, reset.body.password, "scrypt"]) {
    assert(typeof secret === "string" && !JSON.stringify(body).includes(secret));
  }
  assert.equal(
    (await server.admin("POST", "/api/operators", { login: "LI.NA", role: "viewer" })).body.code,
    "OPERATOR_EXISTS",
  );
  assert.equal((await server.admin("POST", "/api/operators", { login: "token", role: "viewer" })).body.field, "login");
});

Deno.test("passwords are hashed by scrypt with a salt of their own and compared with the cost they were made with", async () => {
  const old = createPasswords({ logN: 4, r: 8, p: 1 });
  const passwords = createPasswords({ logN: 5, r: 8, p: 1 });
  const [one, two] = [await old.hash("pässword"), await old.hash("pässword")];
  assert.match(one, /^scrypt\$4\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  assert.notEqual(one, two);
  assert(await passwords.equals("pässword".normalize("NFD"), one));
  assert(!await passwords.equals("password", one));
  assert(!await passwords.equals("pässword", undefined));
  assert(!await passwords.equals("pässword", "junk"));
  assert.match(oneTimePassword(), /^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/);
});

function login(
  server: AdminServer,
  name: string,
  password: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return server.send("POST", "/api/session", { headers: { ...CONSOLE, ...headers }, body: { login: name, password } });
}

function movedClock(): Clock & { move(ms: number): void } {
  let now = 1_732_000_000_000;
  return { now: () => now, after: () => () => {}, move: (ms) => void (now += ms) };
}

async function operatorId(server: AdminServer, login: string): Promise<unknown> {
  const { body } = await server.admin("GET", "/api/operators");
  return body.items.find((each) => each.login === login)?.id;
}
