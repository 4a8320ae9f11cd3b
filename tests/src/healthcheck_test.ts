import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../src/healthcheck.ts", import.meta.url));

async function exitCode(env: Record<string, string>): Promise<number> {
  const args = ["run", "--no-prompt", "--allow-net", "--allow-env", PROGRAM];
  const { code } = await new Deno.Command(Deno.execPath(), { args, env: { TLS_CERT_FILE: "", ...env } }).output();
  return code;
}

Deno.test("[OPS-2] the container's health check follows what /healthz answers", async () => {
  const asked: string[] = [];
  let status = 200;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    asked.push(new URL(request.url).pathname);
    return new Response(null, { status });
  });
  const PORT = String(server.addr.port);
  assert.equal(await exitCode({ PORT, HOST: "0.0.0.0" }), 0);
  assert.equal(await exitCode({ PORT, HOST: "127.0.0.1" }), 0);
  status = 503;
  assert.equal(await exitCode({ PORT, HOST: "" }), 1);
  await server.shutdown();
  assert.equal(await exitCode({ PORT, HOST: "" }), 1);
  assert.deepEqual(asked, ["/healthz", "/healthz", "/healthz"]);
});
