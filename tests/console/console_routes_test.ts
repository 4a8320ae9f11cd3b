import assert from "node:assert/strict";
import type { ConsoleState } from "../../console/build.ts";
import { consoleRoutes } from "../../src/routes/console.ts";

const SCRIPT = "console.log(1);".repeat(200);

interface Built extends AsyncDisposable {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
}

async function built(state?: () => ConsoleState): Promise<Built> {
  const dist = await Deno.makeTempDir();
  await Deno.mkdir(`${dist}/assets`);
  await Deno.writeTextFile(
    `${dist}/index.html`,
    `<meta nonce="SYNCLINE_CSP_NONCE"><script nonce="SYNCLINE_CSP_NONCE">`,
  );
  await Deno.writeTextFile(`${dist}/icon.svg`, "<svg/>");
  await Deno.writeTextFile(`${dist}/assets/index-1a2b.js`, SCRIPT);
  await Deno.writeTextFile(`${dist}/assets/index-1a2b.js.br`, "br");
  await Deno.writeTextFile(`${dist}/assets/index-1a2b.js.gz`, "gz");
  const app = consoleRoutes({ dist, ...(state && { state }) });
  return {
    get: async (path, headers = {}) => await app.request(path, { headers }),
    [Symbol.asyncDispose]: () => Deno.remove(dist, { recursive: true }),
  };
}

Deno.test("[CON-2] the console's page carries a policy with a nonce of its own each time", async () => {
  await using files = await built();
  const [first, second] = [await files.get("/console/"), await files.get("/console/")];
  const nonces = [first, second].map((answer) =>
    /style-src 'self' 'nonce-([^']+)'/.exec(answer.headers.get("content-security-policy") ?? "")?.[1]
  );
  assert.ok(nonces[0] && nonces[1] && nonces[0] !== nonces[1]);
  assert.equal(await first.text(), `<meta nonce="${nonces[0]}"><script nonce="${nonces[0]}">`);
  assert.equal(first.headers.get("cache-control"), "no-store");
  await second.body?.cancel();
});

Deno.test("[CON-2] the policy lets in no inline script, no eval and nothing from elsewhere", async () => {
  await using files = await built();
  const policy = (await files.get("/console/")).headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
});

Deno.test("[CON-2] every client route gets the page, a missing asset does not", async () => {
  await using files = await built();
  for (const path of ["/console/", "/console/login", "/console/i/sit_a/configs/X.Y", "/console/index.html"]) {
    const answer = await files.get(path);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^<meta nonce="(?!SYNCLINE)/);
  }
  const missing = await files.get("/console/assets/index-old.js");
  assert.equal(missing.status, 404);
  assert.equal((await files.get("/console")).headers.get("location"), "/console/");
});

Deno.test("[CON-2] hashed assets are kept for ever, in the smallest form that the browser takes", async () => {
  await using files = await built();
  const asset = "/console/assets/index-1a2b.js";
  const answer = async (encodings: string) => {
    const response = await files.get(asset, { "Accept-Encoding": encodings });
    return [response.headers.get("content-encoding"), await response.text()];
  };
  assert.deepEqual(await answer("gzip, deflate, br"), ["br", "br"]);
  assert.deepEqual(await answer("gzip"), ["gzip", "gz"]);
  assert.deepEqual(await answer("br;q=0, gzip"), ["gzip", "gz"]);
  assert.deepEqual(await answer("identity"), [null, SCRIPT]);
  const headers = (await files.get(asset)).headers;
  assert.equal(headers.get("cache-control"), "public, max-age=31536000, immutable");
  assert.equal(headers.get("vary"), "Accept-Encoding");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
});

Deno.test("[CON-2] nothing outside of the built folder is served", async () => {
  await using files = await built();
  for (const path of ["/console/assets/../../../etc/passwd", "/console/assets/%2e%2e/%2e%2e/secret"]) {
    assert.doesNotMatch(await (await files.get(path)).text(), /root:/);
  }
});

Deno.test("[CON-2] while the console is being built its page says so, and opens it when it is there", async () => {
  let state: ConsoleState = "building";
  await using files = await built(() => state);
  const waiting = await files.get("/console/login");
  assert.equal(waiting.status, 503);
  assert.match(await waiting.text(), /http-equiv="refresh"[\s\S]*being built[\s\S]*正在构建/);
  state = "ready";
  assert.equal((await files.get("/console/login")).status, 200);
});

Deno.test("[CON-2] a build that failed is told with what to do", async () => {
  const app = consoleRoutes({ dist: await Deno.makeTempDir(), state: () => "failed" });
  const answer = await app.request("/console/");
  assert.equal(answer.status, 503);
  const text = await answer.text();
  assert.match(text, /could not be built[\s\S]*deno task build:console/);
  assert.doesNotMatch(text, /http-equiv="refresh"/);
});
