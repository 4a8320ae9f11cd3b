import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

Deno.test("[OPS-4] deno task demo without a server: one sentence, exit code 1", async () => {
  const tour = fileURLToPath(new URL("../../src/tour.ts", import.meta.url));
  const nobody = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${nobody.addr.port}`;
  nobody.close();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--quiet", "--allow-net", tour, url],
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert.deepEqual([code, said], [1, `Cannot connect to ${url}: is the server running? deno task start\n`]);
});
