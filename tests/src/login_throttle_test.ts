import assert from "node:assert/strict";
import type { Clock } from "../../src/clock.ts";
import { createLoginThrottle } from "../../src/login_throttle.ts";

Deno.test("guessing at an account from elsewhere makes its owner wait 5 s at most", () => {
  const clock = movedClock();
  const throttle = createLoginThrottle(clock);
  for (let n = 0; n < 1000; n++) throttle.tried("admin", `10.0.${n >> 8}.${n & 255}`);
  assert.equal(throttle.waitMs("admin", "192.168.1.1"), 5000);
  for (let n = 0; n < 20; n++) throttle.tried("other", "10.1.1.1");
  assert.equal(throttle.waitMs("other", "10.1.1.1"), 60_000);
  clock.move(60_000);
  assert.equal(throttle.waitMs("other", "10.1.1.1"), 0);
});

Deno.test("guesses from the addresses of one IPv6 network count together", () => {
  const throttle = createLoginThrottle(movedClock());
  for (let n = 1; n <= 5; n++) throttle.tried("admin", `2001:db8:0:7::${n}`);
  assert.equal(throttle.waitMs("admin", "2001:db8:0:7:ffff::1"), 1000);
  assert.equal(throttle.waitMs("admin", "2001:db8:0:8::1"), 0);
  for (let n = 6; n <= 50; n++) throttle.tried(`u-${n}`, `2001:db8:0:7::${n}`);
  assert.equal(throttle.waitMs("somebody", "2001:db8:0:7::1"), 1000);
});

Deno.test("wrong current passwords of some keep nobody else from changing theirs", () => {
  const throttle = createLoginThrottle(movedClock());
  for (let n = 0; n < 60; n++) throttle.tried(`u-${n % 10}`, "");
  assert.ok(throttle.waitMs("u-1", "") > 0);
  assert.equal(throttle.waitMs("careful", ""), 0);
});

Deno.test("a clock that is set back locks nobody out until it has caught up, and guessing is slowed down again", () => {
  const clock = movedClock();
  const throttle = createLoginThrottle(clock);
  for (let n = 0; n < 5; n++) throttle.tried("admin", "10.1.1.1");
  clock.move(-86_400_000);
  assert.equal(throttle.waitMs("admin", "10.1.1.1"), 0);
  throttle.tried("admin", "10.1.1.1");
  assert.equal(throttle.waitMs("admin", "10.1.1.1"), 2000);
});

Deno.test("logins of a whole office from one address cost no wait", () => {
  const throttle = createLoginThrottle(movedClock());
  for (let n = 0; n < 500; n++) {
    throttle.tried(`u-${n}`, "10.1.1.1");
    throttle.succeeded(`u-${n}`, "10.1.1.1");
  }
  assert.equal(throttle.waitMs("u-1", "10.1.1.1"), 0);
});

function movedClock(): Clock & { move(ms: number): void } {
  let now = 1_732_000_000_000;
  return { now: () => now, after: () => () => {}, move: (ms) => void (now += ms) };
}
