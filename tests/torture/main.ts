/**
 * `deno task torture [seconds] [pushes] [seed] [--broken]`: tortures a server of its own and says what became of each
 * push. Exits with 1 when one was lost, or a rule was broken. `--broken` takes a build that answers before the commit.
 */
import { type Break, breakOpen, BREAKS } from "./broken.ts";
import { isGood, reportOf } from "./report.ts";
import { torture } from "./torture.ts";

const flags = Deno.args.filter((arg) => arg.startsWith("--"));
const [seconds = 60, pushes = Math.round(seconds * 200), seed = Date.now() % 2 ** 31] = Deno.args
  .filter((arg) => !arg.startsWith("--")).map(Number);
const broken = flags.map((flag): Break => {
  const [name, kind = "early"] = flag.split("=");
  if (name === "--broken" && kind in BREAKS) return kind as Break;
  console.error(`Cannot read ${flag}: allowed is --broken, or --broken=${Object.keys(BREAKS).join("|")}`);
  Deno.exit(2);
})[0];
if (![seconds, pushes, seed].every((n) => Number.isInteger(n) && n >= 0) || seconds === 0 || pushes === 0) {
  console.error("Cannot read the arguments: they are [seconds] [pushes] [seed], whole numbers");
  Deno.exit(2);
}

console.log(`seed ${seed}: ${pushes} pushes in ${seconds} s${broken ? `, broken on purpose: ${broken}` : ""}`);
await using build = broken ? await breakOpen(broken) : null;
const outcome = await torture({
  seconds,
  pushes,
  seed,
  ...(build ? { main: build.main } : {}),
  log: (line) => console.log(line),
});
console.log(reportOf(outcome));
console.log(`again with: deno task torture ${seconds} ${pushes} ${seed}${broken ? ` --broken=${broken}` : ""}`);
Deno.exitCode = isGood(outcome) ? 0 : 1;
