import assert from "node:assert/strict";
import { AddressLimits } from "../../src/address_limits.ts";

const NOW = 1_732_000_000_000;
const limits = (given: Partial<ConstructorParameters<typeof AddressLimits>[0]> = {}) =>
  new AddressLimits({ concurrent: 3, perSecond: 0, privateToo: false, ...given });

Deno.test("connects: an address has so many connections at once, each that goes makes room, others are not touched", () => {
  const addresses = limits();
  const enter = (origin: string) => addresses.enter(origin, NOW);
  assert.deepEqual([1, 2, 3, 4].map(() => enter("203.0.113.7")), ["open", "open", "open", "refuse"]);
  assert.equal(enter("203.0.113.8"), "open");
  addresses.leave("203.0.113.7");
  assert.equal(enter("203.0.113.7"), "refuse", "the refused one is not gone yet");
  for (let n = 0; n < 3; n++) addresses.leave("203.0.113.7");
  assert.equal(enter("203.0.113.7"), "open");
});

Deno.test("connects: refusals that pile up are no longer told", () => {
  const addresses = limits();
  const given = Array.from({ length: 100 }, () => addresses.enter("203.0.113.7", NOW));
  assert.deepEqual(["open", "refuse", "reject"].map((one) => given.filter((each) => each === one).length), [3, 50, 47]);
});

Deno.test("connects: so many a second on average, ten seconds' worth at once, and setting the clock back forgives nothing", () => {
  const addresses = limits({ concurrent: 0, perSecond: 2 });
  const passed = (now: number) => {
    const outcomes = Array.from({ length: 30 }, () => addresses.enter("203.0.113.7", now));
    for (const outcome of outcomes) if (outcome !== "reject") addresses.leave("203.0.113.7");
    return outcomes.filter((outcome) => outcome === "open").length;
  };
  assert.deepEqual([NOW, NOW, NOW + 3_000, NOW, NOW + 1_000, NOW + 600_000].map(passed), [20, 0, 6, 0, 2, 20]);
});

Deno.test("connects: an IPv6 network of 64 bits counts as one, IPv4 in IPv6 as IPv4", () => {
  const addresses = limits();
  const same: [address: string, origin: string][] = [
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:0::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:0db8:0001:0003::1%eth0", "2001:db8:1:3::/64"],
  ];
  for (const [address, origin] of same) assert.equal(addresses.originOf(address), origin);
});

Deno.test("connects: private addresses are a proxy's and not limited unless asked; without limits none is", () => {
  const addresses = ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1", "fe80::1"];
  for (const address of addresses) {
    assert.equal(limits().originOf(address), null, address);
    assert.notEqual(limits({ privateToo: true }).originOf(address), null, address);
  }
  for (const address of ["172.32.0.1", "100.128.0.1", "9.255.255.255", "2600::1"]) {
    assert.notEqual(limits().originOf(address), null, address);
  }
  assert.equal(limits({ concurrent: 0 }).originOf("203.0.113.7"), null);
  for (const unknown of ["", "somewhere", "1.2.3"]) assert.equal(limits().originOf(unknown), null);
});

Deno.test("connects: what is remembered of addresses is bounded, and none with a connection is forgotten", () => {
  const addresses = limits({ concurrent: 1 });
  addresses.enter("198.51.100.1", NOW);
  for (let n = 0; n < 50_000; n++) {
    const origin = `2001:db8:${(n >> 8).toString(16)}:${(n & 255).toString(16)}::/64`;
    addresses.enter(origin, NOW);
    addresses.leave(origin);
  }
  assert.ok(addresses.size <= 10_000, `${addresses.size}`);
  assert.equal(addresses.enter("198.51.100.1", NOW), "refuse");
});
