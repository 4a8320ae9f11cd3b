import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Folders of the product, with what is a test or was built left out. */
const FOLDERS = ["src", "actors", "db", "sdk", "console/src", "bench"];

type Import = { file: string; from: string; typeOnly: boolean };
type Source = { path: string; text: string; code: string; imports: Import[] };

function* files(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.name === "dist") continue;
    if (entry.isDirectory) yield* files(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

/** Everything that is not a comment. */
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");

function read(path: string): Source {
  const text = Deno.readTextFileSync(join(ROOT, path));
  const code = withoutComments(text);
  const imports = [...code.matchAll(/^(?:import|export)\s([^;"']*?)\s?from\s+["']([^"']+)["']/gm)].map(
    (match): Import => {
      const [, what = "", target = ""] = match;
      return { file: path, from: resolve(path, target), typeOnly: isTypeOnly(what) };
    },
  );
  const bare = [...code.matchAll(/(?:^import|\bimport\()\s*["']([^"']+)["']/gm)]
    .map((match): Import => ({ file: path, from: resolve(path, match[1]!), typeOnly: false }));
  return { path, text, code, imports: [...imports, ...bare] };
}

/** `import type …`, or braces in which every name says `type`. */
function isTypeOnly(what: string): boolean {
  if (/^type\s/.test(what)) return true;
  const names = /^\{([\s\S]*)\}$/.exec(what.trim())?.[1]?.split(",").map((name) => name.trim()).filter(Boolean);
  return names !== undefined && names.length > 0 && names.every((name) => name.startsWith("type "));
}

/** A path from the root, or the name of a package. */
function resolve(file: string, target: string): string {
  return target.startsWith(".") ? normalize(join(dirname(file), target)) : target;
}

const sources = FOLDERS.flatMap((folder) => [...files(folder)]).map(read);
const importsOf = (folder: string) =>
  sources.filter(({ path }) => path.startsWith(folder)).flatMap(({ imports }) => imports);
const isLocal = ({ from }: Import) => /^(src|actors|db|sdk|console|tests|bench|docker)\//.test(from);
const say = ({ file, from }: Import) => `${file} imports ${from}`;

Deno.test("the architecture test sees the product: every folder has files, and imports are understood", () => {
  for (const folder of FOLDERS) assert.ok(importsOf(folder).length > 0, folder);
  const of = (path: string) => sources.find((source) => source.path === path)!.imports;
  assert.deepEqual(of("actors/hydrator.ts").map(({ from, typeOnly }) => [from, typeOnly]).slice(0, 2), [
    ["db/catalog.ts", true],
    ["db/delivery.ts", true],
  ]);
  const lane = of("actors/lane.ts").find(({ from }) => from === "actors/lane_ack.ts");
  assert.equal(lane?.typeOnly, false);
  assert.equal(isTypeOnly("{ type A, type B }"), true);
  assert.equal(isTypeOnly("{ type A, b }"), false);
});

Deno.test("imports run one way: actors know interfaces only, by their types", () => {
  const allowed = new Set(["src/protocol.ts", "src/clock.ts", "src/close_codes.ts"]);
  const wrong = importsOf("actors/").filter((one) => {
    if (!isLocal(one)) return true;
    if (one.from.startsWith("actors/")) return false;
    const interfaces = one.from.startsWith("db/") && !one.from.endsWith("_postgres.ts");
    return !(one.typeOnly && (interfaces || allowed.has(one.from)));
  });
  assert.deepEqual(wrong.map(say), []);
});

Deno.test("imports run one way: db imports neither actors nor src", () => {
  assert.deepEqual(importsOf("db/").filter((one) => isLocal(one) && !one.from.startsWith("db/")).map(say), []);
});

Deno.test("imports run one way: src imports neither the client nor the console nor tests", () => {
  // the one exception says where the built console lies, and builds it where it is missing
  const wrong = importsOf("src/").filter((one) =>
    isLocal(one) && !/^(src|actors|db)\//.test(one.from) && one.from !== "console/build.ts"
  );
  assert.deepEqual(wrong.map(say), []);
});

Deno.test("imports run one way: the SDK has no dependencies, and knows the frames by their types only", () => {
  const wrong = importsOf("sdk/").filter((one) => {
    // what makes the package is no part of it
    if (one.file === "sdk/build.ts") return false;
    if (!isLocal(one)) return !one.from.startsWith("node:");
    return !(one.from.startsWith("sdk/") || (one.from === "src/protocol.ts" && one.typeOnly));
  });
  assert.deepEqual(wrong.map(say), []);
});

Deno.test("imports run one way: the console knows the server by the type of its admin API only", () => {
  const wrong = importsOf("console/src").filter((one) =>
    isLocal(one) && !one.from.startsWith("console/") &&
    !(one.from.startsWith("src/routes/admin/") && one.typeOnly)
  );
  assert.deepEqual(wrong.map(say), []);
});

Deno.test("actors and the database layer know neither Hono nor each other's machinery", () => {
  for (const { path, code, imports } of sources) {
    const packages = imports.map(({ from }) => from);
    if (path.startsWith("actors/")) {
      assert.deepEqual(packages.filter((name) => /^(npm:|jsr:|node:)|^(hono|postgres|@hono)/.test(name)), [], path);
      assert.equal(/\bDeno\./.test(code), false, `${path} uses Deno`);
    }
    if (path.startsWith("db/")) assert.equal(packages.some((name) => name.includes("hono")), false, path);
  }
});

Deno.test("every timer and every time comes from the clock that is handed in", () => {
  /** The clock itself, the process's last resort, and the demo, a program of its own. */
  const allowed = new Set(["src/clock.ts", "src/main.ts", "src/tour.ts"]);
  const wrong = sources.filter(({ path, code }) =>
    /^(src|actors)\//.test(path) && !allowed.has(path) && /\b(setTimeout|setInterval|Date\.now)\b/.test(code)
  );
  assert.deepEqual(wrong.map(({ path }) => path), []);
});

Deno.test("only the composition root reads the environment", () => {
  /** The health check and the example are programs of their own; Postgres, as a child process, is handed our PATH. */
  const programs = ["src/main.ts", "src/healthcheck.ts", "sdk/examples/chat/serve.ts"];
  const allowed = new Set([...programs, "db/embedded/identity.ts"]);
  const wrong = sources.filter(({ path, code }) =>
    /^(src|actors|db|sdk)\//.test(path) && !allowed.has(path) && /\b(Deno\.env|process\.env)\b/.test(code)
  );
  assert.deepEqual(wrong.map(({ path }) => path), []);
});

Deno.test("there is no any: what comes from outside is unknown until a schema has read it", () => {
  const wrong = sources.filter(({ code, text }) =>
    /(:|<|\bas|\||,)\s*any\b(?!\s*\()(?=\s*[;,)>=|[\]}]|\s*$)/m.test(withoutText(code)) || /no-explicit-any/.test(text)
  );
  assert.deepEqual(wrong.map(({ path }) => path), []);
});

/** Without what stands in quotes. */
function withoutText(code: string): string {
  return code.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, '""');
}
