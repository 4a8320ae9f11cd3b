import assert from "node:assert/strict";
import { createAddressGuard } from "../../src/address_guard.ts";
import { consistency, instanceAt, LOGIN } from "../support/validation_url.ts";

Deno.test("link-local and metadata addresses are not asked, in any spelling; private ones are", async () => {
  const names: Record<string, string[]> = {
    "sneaky.example": ["10.0.0.1", "169.254.169.254"],
    "tenant.example": ["10.0.0.1"],
  };
  const resolve = (name: string) => Promise.resolve(names[name] ?? []);
  const guard = createAddressGuard({ resolve });
  const refused = [
    "169.254.169.254",
    "2852039166",
    "[fe80::1]",
    "[::ffff:169.254.169.254]",
    "100.100.100.200",
    "[fd00:ec2::254]",
    "metadata.google.internal",
    "METADATA.google.internal.",
    "sneaky.example",
  ];
  for (const host of refused) assert.match(await guard(new URL(`http://${host}/x`)) ?? "", /metadata service/, host);
  for (const host of ["tenant.example", "127.0.0.1", "192.168.1.1", "unknown.example"]) {
    assert.equal(await guard(new URL(`http://${host}/`)), undefined, host);
  }
  assert.equal(await createAddressGuard({ resolve, allow: true })(new URL("http://169.254.169.254/")), undefined);
  const trial = await consistency({ guard }).explain(instanceAt("http://169.254.169.254/"), LOGIN, false);
  assert.match(trial.detail, /not asked/);
});
