/**
 * `deno task test`: runs `deno test` with one Postgres for all test files, and prints the count as the last line.
 * Arguments are handed on: `deno task test tests/db --filter PUSH-3`.
 */
import { countTests } from "./support/summary.ts";
import { startTestPostgres } from "./support/postgres.ts";

const database = await startTestPostgres();
const child = new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--no-check", ...Deno.args],
  env: { TEST_DATABASE_URL: database.url },
  stdin: "null",
  stdout: "piped",
}).spawn();
let output = "";
for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
  output += text;
  await Deno.stdout.write(new TextEncoder().encode(text));
}
const { success } = await child.status;
await database.stop();
const { passed, failed } = countTests(output, success);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(success && failed === 0 ? 0 : 1);
