import assert from "node:assert/strict";
import { isNetwork, TrustedProxies } from "../../src/trusted_proxies.ts";

Deno.test("proxies: the caller is the first from the right that is no trusted proxy", () => {
  const proxies = new TrustedProxies(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);
  const cases: [peer: string, forwardedFor: string | undefined, caller: string][] = [
    ["10.1.2.3", "203.0.113.5", "203.0.113.5"],
    ["10.1.2.3", "1.2.3.4, 203.0.113.5,10.9.9.9 , 192.0.2.7", "203.0.113.5"],
    ["fd12::1", "2001:db8::5", "2001:db8::5"],
    ["::ffff:10.1.2.3", "::ffff:203.0.113.5", "203.0.113.5"],
    ["10.1.2.3", "203.0.113.5:4711", "203.0.113.5"],
    ["10.1.2.3", "[2001:db8::5]:4711", "2001:db8::5"],
    ["10.1.2.3", "[2001:db8::5]", "2001:db8::5"],
    ["10.1.2.3", "10.4.4.4", "10.4.4.4"],
    ["10.1.2.3", "10.5.5.5, 10.4.4.4", "10.5.5.5"],
  ];
  for (const [peer, forwardedFor, caller] of cases) {
    assert.equal(proxies.addressOf(peer, forwardedFor), caller, `${peer} for ${forwardedFor}`);
  }
});

Deno.test("proxies: what others write is not believed, and what names nobody leads no further", () => {
  const proxies = new TrustedProxies(["10.0.0.0/8"]);
  const cases: [peer: string, forwardedFor: string | null | undefined, caller: string][] = [
    ["203.0.113.9", "1.2.3.4", "203.0.113.9"],
    ["11.0.0.1", "1.2.3.4", "11.0.0.1"],
    ["::1", "1.2.3.4", "::1"],
    ["", "1.2.3.4", ""],
    ["10.1.2.3", undefined, "10.1.2.3"],
    ["10.1.2.3", null, "10.1.2.3"],
    ["10.1.2.3", "", "10.1.2.3"],
    ["10.1.2.3", "1.2.3.4, ", "10.1.2.3"],
    ["10.1.2.3", "1.2.3.4, unknown", "10.1.2.3"],
    ["10.1.2.3", "1.2.3.4, unknown, 10.4.4.4", "10.4.4.4"],
    ["10.1.2.3", "1.2.3.999", "10.1.2.3"],
    ["10.1.2.3", "1.2.3.4:", "10.1.2.3"],
    ["10.1.2.3", "1.2.3.4\u0000", "10.1.2.3"],
  ];
  for (const [peer, forwardedFor, caller] of cases) {
    assert.equal(proxies.addressOf(peer, forwardedFor), caller, `${peer} for ${forwardedFor}`);
  }
  assert.equal(new TrustedProxies([]).addressOf("127.0.0.1", "1.2.3.4"), "127.0.0.1");
});

Deno.test("proxies: networks are read, and anything else is not", () => {
  for (
    const good of ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.7", "192.0.2.7/32", "::1", "fd00::/8", "::/0", "fd00::1/128"]
  ) {
    assert.equal(isNetwork(good), true, good);
    new TrustedProxies([good]);
  }
  assert.equal(new TrustedProxies(["0.0.0.0/0"]).addressOf("10.1.2.3", "1.2.3.4, 5.6.7.8"), "1.2.3.4");
  for (
    const bad of [
      ...["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "::1/129", "proxy", "10.0.0", "*"],
      ...["fe80::1%eth0", "fe80::%eth0/10"],
    ]
  ) {
    assert.equal(isNetwork(bad), false, bad);
  }
});
