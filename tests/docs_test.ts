/** The documents say what the code says: rules and their tests, tables of codes, variables, names, links. */
import assert from "node:assert/strict";
import { CLOSE_CODES } from "../src/close_codes.ts";
import { Metrics } from "../src/metrics.ts";
import { ACCESS } from "../src/routes/admin/access.ts";
import { RESULT_CODES } from "../src/routes/admin/push_schemas.ts";
import { readRules, rewritten, SPEC, testsByRule, testsLine } from "./support/spec_map.ts";

const ROOT = new URL("../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

/** Sections whose every rule must be quoted by a test. */
const TESTED = new Set("PUSH STR PT DLV PER THR DEV FLT GLB SES SIG CFG INS".split(" "));

Deno.test("every rule of the delivery sections is quoted by a test", async () => {
  const tests = await testsByRule();
  const rules = [...readRules(await Deno.readTextFile(SPEC)).keys()];
  assert.deepEqual(new Set(rules.map(sectionOf)).isSupersetOf(TESTED), true);
  assert.deepEqual(rules.filter((id) => TESTED.has(sectionOf(id)) && !tests.has(id)), []);
});

Deno.test("a test quotes no rule that docs/spec.md does not have", async () => {
  const rules = readRules(await Deno.readTextFile(SPEC));
  assert.deepEqual([...(await testsByRule()).keys()].filter((id) => !rules.has(id)), []);
});

Deno.test("docs/spec.md names the tests of each rule; if not, run `deno task spec`", async () => {
  const tests = await testsByRule();
  const stale = [...readRules(await Deno.readTextFile(SPEC))].filter(([id, line]) => line !== testsLine(tests.get(id)));
  assert.deepEqual(stale.map(([id]) => id), []);
});

Deno.test("rewritten changes the lines of tests and nothing else", () => {
  const spec =
    "# Rules\n\n**AB-1** A rule\nof two lines.\n\n*Decided:* so.\n\nTests: none yet\n\n**AB-2** Another.\n\nTests: old\n";
  const tests = new Map([["AB-1", ["a_test.ts", "b/c_test.ts"]]]);
  const expected = "# Rules\n\n**AB-1** A rule\nof two lines.\n\n*Decided:* so.\n\n" +
    "Tests: [a](../tests/a_test.ts), [b/c](../tests/b/c_test.ts)\n\n**AB-2** Another.\n\nTests: none yet\n";
  assert.equal(rewritten(spec, tests), expected);
});

Deno.test("docs/errors.md has every result code, close code and code of the admin API", async () => {
  const errors = await read("docs/errors.md");
  const admin = [...(await read("db/refused.ts")).matchAll(/^ {2}\| "([A-Z_]+)"/gm)].map(([, code = ""]) => code);
  assert.ok(admin.length > 10);
  assert.deepEqual([...RESULT_CODES, ...admin].filter((code) => !errors.includes(`\`${code}\``)), []);
  const closes = Object.entries(CLOSE_CODES).map(([code, { name }]) =>
    new RegExp(`^\\| ${code} +\\| ${name} +\\|`, "m")
  );
  assert.deepEqual(closes.filter((row) => !row.test(errors)), []);
});

Deno.test("docs/operations.md has every environment variable and every metric", async () => {
  const operations = await read("docs/operations.md");
  const variables = [...(await read("src/config.ts")).matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name = ""]) => name);
  assert.ok(variables.includes("PORT") && variables.length > 20);
  const scrape = await new Metrics(() => NO_GAUGES).text();
  const metrics = [...scrape.matchAll(/^# TYPE (\w+)/gm)].map(([, name = ""]) => name);
  assert.ok(metrics.length > 10);
  assert.deepEqual([...variables, ...metrics].filter((name) => !operations.includes(`\`${name}\``)), []);
});

Deno.test("docs/operations.md says what many closes of each code mean", async () => {
  const operations = await read("docs/operations.md");
  const section = /### Close codes\n([\s\S]*?)\n### /.exec(operations)?.[1] ?? "";
  const codes = new Set([...section.matchAll(/^\| ([\d, ]+?) +\|/gm)].flatMap(([, cell = ""]) => cell.split(", ")));
  assert.deepEqual(Object.keys(CLOSE_CODES).filter((code) => !codes.has(code)), []);
});

Deno.test("docs/api.md has every route of the admin API", async () => {
  const api = await read("docs/api.md");
  const routes = Object.keys(ACCESS).map((route) => route.replace("/api/instances", "…"));
  assert.deepEqual(routes.filter((route) => !api.includes(`\`${route}\``)), []);
});

Deno.test("the walk of a push in docs/architecture.md names what is in its files", async () => {
  const walk = /## One push\n([\s\S]*?)\n## /.exec(await read("docs/architecture.md"))?.[1] ?? "";
  const rows = [...walk.matchAll(/^\| \[`([^`]+)`\]\([^)]*\) +\| (.*) \|$/gm)];
  assert.ok(rows.length > 10);
  for (const [, file = "", text = ""] of rows) {
    const source = await read(file);
    const names = [...text.matchAll(/`([#\w]+)`/g)].map(([, name = ""]) => name).filter((name) => !CODES.has(name));
    assert.deepEqual(names.filter((name) => !source.includes(name)), [], file);
  }
});

Deno.test("every link between the documents leads to a file, and to a heading where it names one", async () => {
  for (const page of await documents()) {
    const text = (await read(page)).replace(/```[\s\S]*?```/g, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? new URL(page, ROOT) : new URL(path, new URL(page, ROOT));
      const found = await Deno.stat(file).then(() => true, () => false);
      assert.ok(found, `${page} links to ${target}, which does not exist`);
      if (anchor === undefined) continue;
      const anchors = [...(await Deno.readTextFile(file)).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => slug(title));
      assert.ok(anchors.includes(anchor), `${page} links to ${target}, which has no such heading`);
    }
  }
});

/** Codes that a step answers, which are not names in its file. */
const CODES = new Set<string>([...RESULT_CODES, "true"]);
const NO_GAUGES = { connections: 0, devices: 0, users: 0, appendQueue: 0, hydrations: 0, timers: 0, loopLag: 0 };

const sectionOf = (id: string) => id.slice(0, id.indexOf("-"));
const slug = (title: string) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");

async function documents(): Promise<string[]> {
  const pages: string[] = [];
  for (const folder of ["", "docs/", "docs/adr/", "bench/", "sdk/"]) {
    for await (const { name, isFile } of Deno.readDir(new URL(folder || ".", ROOT))) {
      if (isFile && name.endsWith(".md")) pages.push(folder + name);
    }
  }
  return pages;
}
