/**
 * Which test files quote which rule, and the lines of docs/spec.md that say so. As a program (`deno task spec`) it writes
 * those lines anew.
 */
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);
/** The rules, in the project's own words. */
export const SPEC: URL = new URL("docs/spec.md", ROOT);

/** A string that begins with one or more ids, as the names of tests do: `"[PUSH-3] [DEV-1] a push is stored…"`. */
const QUOTES = /["'`]((?:\[[A-Z]{2,4}-\d+\]\s*)+)/g;
const ID = /[A-Z]{2,4}-\d+/g;
/** A rule of docs/spec.md: its paragraph begins with the id, and the line of its tests ends it. */
const RULE = /^\*\*([A-Z]{2,4}-\d+)\*\* ([\s\S]*?)^Tests: (.*)$/gm;

/** Rule ids, each with the test files that quote it, sorted; files as paths below `tests/`. */
export async function testsByRule(): Promise<Map<string, string[]>> {
  const found = new Map<string, Set<string>>();
  for await (const file of testFiles("")) {
    const text = await Deno.readTextFile(new URL(`tests/${file}`, ROOT));
    for (const [, quoted = ""] of text.matchAll(QUOTES)) {
      for (const [id] of quoted.matchAll(ID)) found.set(id, (found.get(id) ?? new Set()).add(file));
    }
  }
  return new Map([...found].map(([id, files]) => [id, [...files].sort()]));
}

/** The rules of docs/spec.md in their order, each with what stands behind `Tests: `. */
export function readRules(spec: string): Map<string, string> {
  return new Map([...spec.matchAll(RULE)].map(([, id = "", , tests = ""]) => [id, tests]));
}

/** What belongs behind `Tests: `. */
export function testsLine(files: readonly string[] | undefined): string {
  if (files === undefined) return "none yet";
  return files.map((file) => `[${file.replace(/_test\.tsx?$/, "")}](../tests/${file})`).join(", ");
}

/** docs/spec.md with the lines of tests as they should be. */
export function rewritten(spec: string, tests: ReadonlyMap<string, readonly string[]>): string {
  return spec.replace(RULE, (_all, id: string, text: string) => `**${id}** ${text}Tests: ${testsLine(tests.get(id))}`);
}

async function* testFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(`tests/${folder}`, ROOT))) {
    if (isDirectory) yield* testFiles(`${folder}${name}/`);
    else if (/_test\.tsx?$/.test(name)) yield folder + name;
  }
}

if (import.meta.main) {
  const spec = await Deno.readTextFile(SPEC);
  const fresh = rewritten(spec, await testsByRule());
  if (fresh !== spec) await Deno.writeTextFile(SPEC, fresh);
  console.log(`${fileURLToPath(SPEC)} ${fresh === spec ? "was up to date" : "is up to date now"}`);
}
