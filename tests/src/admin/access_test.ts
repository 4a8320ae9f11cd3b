import assert from "node:assert/strict";
import { ROLES } from "../../../db/operators.ts";
import { ACCESS } from "../../../src/routes/admin/access.ts";
import { ADMIN_TOKEN, type AdminServer, adminServer, CONSOLE, cookieOf } from "../../support/admin.ts";
import { ACTOR } from "../../support/catalog.ts";

/** Refusals of the guard; every other answer means that the route was reached. */
const REFUSED = new Set(["UNAUTHENTICATED", "FORBIDDEN", "CROSS_SITE", "PASSWORD_CHANGE_REQUIRED"]);

/** CON-1 in words, apart from the table: viewers read, operators act on configs, data and sessions, admins do the rest. */
function expectedAccess(method: string, path: string): string {
  if (path.startsWith("/api/session")) return method === "POST" && path === "/api/session" ? "anyone" : "self";
  if (path.startsWith("/api/operators")) return "admin";
  if (method === "GET") return "viewer";
  return /\/(configs|pushes|users|devices)(\/|$)/.test(path) ? "operator" : "admin";
}

function routes(server: AdminServer): { method: string; path: string }[] {
  const listed = server.app.routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/api"));
  return [...new Map(listed.map(({ method, path }) => [`${method} ${path}`, { method, path }])).values()];
}

Deno.test("[CON-1] the table names every route and nothing else, as the roles are meant", async () => {
  await using server = await adminServer();
  const actual = routes(server).map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(actual.sort(), Object.keys(ACCESS).sort());
  for (const { method, path } of routes(server)) {
    assert.equal(ACCESS[`${method} ${path}`], expectedAccess(method, path), `${method} ${path}`);
  }
});

Deno.test("[CON-1] all routes × roles × no login × bearer", async (t) => {
  await using server = await adminServer();
  let logins = 0;
  const callers: Record<string, () => Promise<Record<string, string>>> = {
    nobody: () => Promise.resolve(CONSOLE),
    "wrong bearer": () => Promise.resolve({ Authorization: "Bearer wrong" }),
    "forged cookie": () => Promise.resolve({ ...CONSOLE, Cookie: "syncline_session=forged" }),
    bearer: () => Promise.resolve({ Authorization: `Bearer ${ADMIN_TOKEN}` }),
  };
  // A new login for each route: some of them end it.
  for (const role of ROLES) callers[role] = () => server.loggedIn(role, `${role}-${logins++}`);
  for (const [name, headers] of Object.entries(callers)) {
    await t.step(name, async () => {
      for (const { method, path } of routes(server)) {
        const code = await codeOf(server, method, path, await headers());
        assert.equal(code, expectedCode(name, expectedAccess(method, path)), `${name}: ${method} ${path}`);
      }
    });
  }
});

function expectedCode(caller: string, access: string): string {
  if (access === "anyone") return "reached";
  if (["nobody", "wrong bearer", "forged cookie"].includes(caller)) return "UNAUTHENTICATED";
  if (access === "self" || caller === "bearer") return "reached";
  const ranks: readonly string[] = ROLES;
  return ranks.indexOf(caller) >= ranks.indexOf(access) ? "reached" : "FORBIDDEN";
}

Deno.test("[CON-1] a one-time password opens nothing but the choice of another one", async () => {
  await using server = await adminServer();
  const first = await server.accounts.createFirst();
  const login = await server.send("POST", "/api/session", { body: first, headers: CONSOLE });
  const headers = { ...CONSOLE, Cookie: cookieOf(login) };
  for (const { method, path } of routes(server)) {
    if (expectedAccess(method, path) === "anyone" || path === "/api/session") continue;
    const expected = path === "/api/session/password" ? "reached" : "PASSWORD_CHANGE_REQUIRED";
    assert.equal(await codeOf(server, method, path, headers), expected, `${method} ${path}`);
  }
});

Deno.test("a change that rides on a cookie must come from the console's own page", async () => {
  await using server = await adminServer();
  const { Cookie = "" } = await server.loggedIn("admin");
  const foreign: Record<string, string>[] = [
    {},
    { "X-Syncline-Console": "1", "Sec-Fetch-Site": "cross-site" },
    { "X-Syncline-Console": "1", "Sec-Fetch-Site": "same-site" },
    { "X-Syncline-Console": "1", "Sec-Fetch-Site": "none" },
    { "X-Syncline-Console": "1", Origin: "https://evil.example", Host: "sync.example" },
    { "X-Syncline-Console": "1", Origin: "null", Host: "sync.example" },
    { "Sec-Fetch-Site": "same-origin" },
    { Origin: "https://sync.example", Host: "sync.example" },
    { Authorization: "Basic dXNlcjpwYXNz" },
  ];
  const changes = routes(server).filter(({ method }) => method !== "GET");
  for (const headers of foreign) {
    for (const { method, path } of changes) {
      const code = await codeOf(server, method, path, { ...headers, Cookie });
      assert.equal(code, "CROSS_SITE", `${method} ${path} ${JSON.stringify(headers)}`);
    }
  }
  const own = { "X-Syncline-Console": "1", Origin: "https://sync.example", Host: "sync.example" };
  assert.equal(await codeOf(server, "POST", "/api/operators", { ...own, Cookie }), "reached");
});

Deno.test("a path that no route serves is not found, with or without a login", async () => {
  await using server = await adminServer();
  for (
    const [method, path] of [["GET", "/api/nothing"], ["PUT", "/api/instances"], [
      "GET",
      "/api/instances/a/b/c/d",
    ]] as const
  ) {
    const answer = await server.admin(method, path);
    assert.deepEqual([answer.status, answer.body.code], [404, "NOT_FOUND"]);
  }
});

Deno.test("[OPS-5] JSON is read as such in whatever way its type is named, and without a type", async () => {
  await using server = await adminServer();
  const types = ["", "application/json", "Application/JSON", "application/json;", "application/json ; charset=utf-8"];
  for (const type of types) {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, ...(type && { "Content-Type": type }) };
    const body = new TextEncoder().encode(JSON.stringify({ name: `by ${type}` }));
    const answer = await server.app.request("/api/instances/sit_app", { method: "PATCH", headers, body });
    assert.deepEqual([answer.status, (await answer.json()).name], [200, `by ${type}`]);
  }
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, "Content-Type": "text/plain" };
  const refused = await server.app.request("/api/instances/sit_app", { method: "PATCH", headers, body: "{}" });
  assert.deepEqual([refused.status, (await refused.json()).field], [400, "Content-Type"]);
});

Deno.test("every answer of the API forbids caches", async () => {
  await using server = await adminServer();
  await server.db.store.createSecret(ACTOR, server.db.instanceNo, "app");
  const answer = await server.admin("GET", "/api/instances/sit_app");
  assert.equal(answer.headers.get("Cache-Control"), "no-store");
});

async function codeOf(
  server: AdminServer,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<string> {
  const concrete = path.replace(":id", "1000000").replace(/:\w+/g, "none");
  const answer = await server.send(method, concrete, { headers, ...(method === "GET" ? {} : { body: {} }) });
  assert.equal(answer.status === 500, false, `${method} ${path}: ${server.errors.at(-1)}`);
  const { code = "" } = answer.body;
  return REFUSED.has(code) ? code : "reached";
}
