import { Bench } from "./bench.ts";
import { run } from "./commands.ts";
import type { Step } from "./steps.ts";

/** Lives in which server and model once disagreed, cut down to what was needed. */
const LIVES: Record<string, Step[]> = {
  "[PER-2] a not persistent push right after a bind was answered NOT_ONLINE: the new user's streams were still being read":
    [
      { do: "login", device: 2, user: 1 },
      { do: "connect", device: 2, foreground: true },
      { do: "login", device: 2, user: 0 },
      { do: "push", biz: "TICK", owner: 0, filter: {}, validMin: null, hint: "kept" },
    ],
  "[PT-4] [STA-1] an op that expired before the next connect, which covered it, was counted as an arrival": [
    { do: "login", device: 1, user: 0 },
    { do: "connect", device: 1, foreground: true },
    { do: "push", biz: "MULTI", owner: 0, filter: { min: 1 }, validMin: 2, hint: "swapped" },
    { do: "night", hours: 1 },
    { do: "connect", device: 1, foreground: true },
    { do: "login", device: 1, user: 0 },
  ],
  "[PT-2] the point that a bind reported was lost when the user left before his streams were read": [
    { do: "login", device: 1, user: 1 },
    { do: "connect", device: 1, foreground: true },
    { do: "push", biz: "MULTI", owner: 1, filter: {}, validMin: null, hint: "swapped" },
    { do: "ack", device: 1, biz: "MULTI", how: "ids", pick: 1 },
    { do: "ack", device: 1, biz: "MULTI", how: "quiet", pick: 5 },
    { do: "login", device: 1, user: 0 },
    { do: "login", device: 1, user: 1 },
    { do: "logout", device: 1 },
  ],
  "[PT-2] what a reinstalled app was sent again was not settled by the point that it reported later": [
    { do: "login", device: 0, user: 0 },
    { do: "connect", device: 0, foreground: true },
    { do: "push", biz: "CAP", owner: 0, filter: {}, validMin: null, hint: "kept" },
    { do: "ack", device: 0, biz: "CAP", how: "point", pick: 0 },
    { do: "reinstall", device: 0 },
    { do: "ack", device: 0, biz: "CAP", how: "quiet", pick: 0 },
    { do: "connect", device: 0, foreground: true },
    { do: "push", biz: "CAP", owner: 0, filter: {}, validMin: null, hint: "kept" },
    { do: "push", biz: "CAP", owner: 0, filter: {}, validMin: null, hint: "kept" },
    { do: "threshold", biz: "CAP", threshold: 5 },
  ],
  "[PT-1] [STA-1] an acknowledgement by id moves the point: what the interval skipped below it is no arrival at the next connect":
    [
      { do: "connect", device: 1, foreground: true },
      { do: "push", biz: "CAP-GLOBAL", owner: 2, filter: {}, validMin: null, hint: "kept" },
      { do: "foreground", device: 1, on: true },
      { do: "push", biz: "CAP-GLOBAL", owner: 2, filter: { min: 2 }, validMin: null, hint: "kept" },
      { do: "push", biz: "CAP-GLOBAL", owner: 2, filter: {}, validMin: null, hint: "kept" },
      { do: "upgrade", device: 2, os: "android", version: 2 },
      { do: "ack", device: 2, biz: "CAP-GLOBAL", how: "ids", pick: 249 },
    ],
  "[DLV-5] [DLV-6] one op was given up while another waited for a sign of life that did not come": [
    { do: "login", device: 1, user: 0 },
    { do: "push", biz: "CAP-GLOBAL", owner: 0, filter: {}, validMin: null, hint: "lost" },
    { do: "upgrade", device: 1, os: "ios", version: 2 },
    { do: "wait", seconds: 35 },
    { do: "burst", biz: "MULTI", device: 0, what: "drop", pushes: 3 },
    { do: "deaf", device: 1 },
  ],
  "[GLB-2] [STR-3] a global push whose hint was lost passed by those whose foreground followed it": [
    { do: "connect", device: 0, foreground: true },
    { do: "push", biz: "GLOBAL", owner: 0, filter: {}, validMin: null, hint: "swapped" },
    { do: "foreground", device: 0, on: true },
    { do: "push", biz: "GLOBAL", owner: 0, filter: {}, validMin: null, hint: "lost" },
    { do: "foreground", device: 0, on: true },
  ],
};

for (const [name, steps] of Object.entries(LIVES)) {
  Deno.test(name, async () => {
    await using bench = await Bench.start();
    await run(await bench.world(), steps);
  });
}
