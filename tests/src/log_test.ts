import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const LOG = new URL("../../src/log.ts", import.meta.url).href;
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** Runs a program that logs, since the configuration of the log is the process's own. */
async function linesOf(body: string): Promise<Record<string, unknown>[]> {
  const program = `import { configureLogging, getLogger } from ${JSON.stringify(LOG)}; ${body}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", `--config=${CONFIG}`, "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Response(program).body?.pipeTo(child.stdin);
  const { success, stdout } = await child.output();
  assert(success);
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

Deno.test("[OPS-1] the log is JSON lines on standard output, from LOG_LEVEL upwards", async () => {
  const lines = await linesOf(`
    const log = getLogger("push");
    log.fatal("before it is configured");
    configureLogging("warning");
    log.info("too low");
    log.warn("queue is long", { waiting: 9000 });
    log.error("cannot append", { error: new Error("refused", { cause: new Error("disk full") }) });
  `);
  assert.deepEqual(lines.map(({ level, logger, message }) => ({ level, logger, message })), [
    { level: "WARN", logger: "syncline.push", message: "queue is long" },
    { level: "ERROR", logger: "syncline.push", message: "cannot append" },
  ]);
  assert.deepEqual(lines[0]?.fields, { waiting: 9000 });
  assert.match(String(lines[0]?.["@timestamp"]), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.match(JSON.stringify(lines[1]?.fields), /refused.*caused by Error: disk full/);
});

Deno.test("the log leaves out payloads and secrets, however deep they lie", async () => {
  const [line] = await linesOf(`
    configureLogging("info");
    getLogger().info("push", {
      linkToken: "user-1", payload: "hunter2", nested: { adminToken: "hunter2", list: [{ secret: "hunter2" }] },
      refused: Object.assign(new Error("bad row"), { parameters: ["hunter2"] }),
    });
  `);
  assert.doesNotMatch(JSON.stringify(line), /hunter2/);
  assert.match(JSON.stringify(line), /user-1/);
});

Deno.test("what comes from outside stays within its field: no new line, no control character, no change of direction", async () => {
  const hostile = 'a\nb\r\u0000\u001b[31m\u007f\u009b31m\u2028\u2029\u202e\u2066\ufeff\ud800"}{';
  const lines = await linesOf(`
    configureLogging("info");
    console.log = (line) => Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ raw: line }) + "\\n"));
    getLogger().info("refused", { linkToken: ${JSON.stringify(hostile)}, error: new Error(${
    JSON.stringify(hostile)
  }) });
  `);
  assert.equal(lines.length, 1);
  const raw = String(lines[0]?.raw);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(raw, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e\u2066\ufeff]/);
  assert.equal(JSON.parse(raw).fields.linkToken, hostile, "and is told as it was");
  assert.equal(JSON.parse(raw).message, "refused");
});
