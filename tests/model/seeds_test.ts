import { run, type Step } from "./commands.ts";
import { Bench } from "./world.ts";

/** Lives that once ended in a disagreement, cut down to what was needed. */
const LIVES: Record<string, Step[]> = {
  "[DEV-2] [FLT-2] a single-device op for newer versions, then an upgrade, ends as the model says": [
    { "do": "login", "device": 0, "user": 0 },
    { "do": "connect", "device": 0, "foreground": true },
    { "do": "login", "device": 1, "user": 0 },
    { "do": "connect", "device": 1, "foreground": true },
    { "do": "push", "biz": "SAFE-ONE", "owner": 0, "filter": { "min": 2 }, "validMin": null, "hint": "kept" },
    { "do": "push", "biz": "SAFE-ONE", "owner": 0, "filter": {}, "validMin": null, "hint": "kept" },
    { "do": "connect", "device": 2, "foreground": false },
    { "do": "upgrade", "device": 1, "os": "android", "version": 3 },
  ],
  "[PER-2] [SES-1] a change of user with a lost hint, then a passing push, ends as the model says": [
    { "do": "connect", "device": 0, "foreground": true },
    { "do": "login", "device": 0, "user": 1 },
    { "do": "push", "biz": "SAFE-ONE", "owner": 1, "filter": {}, "validMin": null, "hint": "lost" },
    { "do": "login", "device": 0, "user": 0 },
    { "do": "push", "biz": "TICK", "owner": 0, "filter": {}, "validMin": null, "hint": "kept" },
    { "do": "login", "device": 1, "user": 0 },
  ],
};

for (const [name, steps] of Object.entries(LIVES)) {
  Deno.test(name, async () => {
    await using bench = await Bench.start();
    for (let i = 0; i < 5; i++) await run(await bench.world(), steps);
  });
}
