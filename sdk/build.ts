/**
 * `deno task build:sdk`: makes the npm package in `sdk/dist`: one ESM file per entry point, declarations that stand
 * alone, and what the README's lines need.
 */
import * as esbuild from "esbuild";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { VERSION } from "./version.ts";

const SDK = dirname(fileURLToPath(import.meta.url));

/** The whole budget of the browser entry, in bytes, minified and gzipped. */
export const BUDGET = 15_000;

const ENTRIES = ["browser", "server", "key_value"] as const;
const ADAPTERS = ["harmony_store.ts", "react_native_store.ts"];

/**
 * Properties that exist only between the client's own functions. Nothing stored, sent or handed to an app bears these
 * names, so they may be shortened.
 */
const INTERNAL =
  /^(ledger|session|tries|cursors|binding|stealAt|withinMs|pingAt|safeSeq|unsaved|fleeting|clockFixed|seqRaised|clockOffset|owing|effects|safe|core|life|link|waiting|writing|streams|handed|acked|settings|freshId|fixedId|signAt|lean|kept|era|seen|attempt|dirty|unwatch|conn|post|deadline|since|problems|gap|pending|tag|serial|granted|lost|told|visible|secure|about|change|handler|signing|addListener|removeListener|observe|unobserve|connectionType|observers|stream|serverTimeMs|retryAfterMs|network|effect|emit|hooks|engine|frames|follow|only|taken|ended|events|channel|watch|count)$/;

export type BuildResult = { folder: string; sizes: Record<string, { bytes: number; gzip: number }> };

/** @param folder where the package goes; what is in it is replaced */
export async function build(folder = join(SDK, "dist")): Promise<BuildResult> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  const sizes: BuildResult["sizes"] = {};
  for (const entry of ENTRIES) sizes[entry] = await bundle(entry, folder);
  await declarations(folder);
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(manifest(), null, 2) + "\n");
  await Deno.copyFile(join(SDK, "README.md"), join(folder, "README.md"));
  await Deno.mkdir(join(folder, "examples"));
  for (const name of ADAPTERS) await adapter(name, folder);
  return { folder, sizes };
}

/** An app copies it: its imports are those of an app. */
async function adapter(name: string, folder: string): Promise<void> {
  const text = await Deno.readTextFile(join(SDK, "examples", name));
  await Deno.writeTextFile(
    join(folder, "examples", name),
    text.replace(/from "[^"]+"; \/\/ in an app: ("[^"]+")/g, "from $1;"),
  );
}

async function bundle(entry: string, folder: string): Promise<{ bytes: number; gzip: number }> {
  const outfile = join(folder, `${entry}.js`);
  await esbuild.build({
    entryPoints: [join(SDK, `${entry}.ts`)],
    outfile,
    bundle: true,
    format: "esm",
    platform: entry === "server" ? "node" : "browser",
    target: "es2022",
    minify: true,
    mangleProps: INTERNAL,
    sourcemap: true,
    legalComments: "none",
    logLevel: "error",
  });
  const code = await Deno.readFile(outfile);
  refuseLookups(new TextDecoder().decode(code));
  return { bytes: code.length, gzip: gzipSync(code, { level: 9 }).length };
}

/** A name that is also a text may be looked up by that text, and would not be found once it is shortened. */
function refuseLookups(code: string): void {
  // Tags of states that are fields elsewhere; nothing is looked up by them.
  const known = new Set(["waiting", "binding"]);
  for (const [, text] of code.matchAll(/"(\w+)"/g)) {
    if (INTERNAL.test(text!) && !known.has(text!)) throw new Error(`Cannot shorten "${text}": it is a text too`);
  }
}

type Declare = (name: string, source: string, options: { sourcemap: boolean }) => {
  code: string;
  errors: { message: string }[];
};

/** Emits the declarations that the entry points lead to, and refuses what leads out of the package. */
async function declarations(folder: string): Promise<void> {
  // Deno's own emitter trips over its Node types; the console's bundler brings one that needs no type check.
  const require = createRequire(import.meta.resolve("vite"));
  const { isolatedDeclarationSync } = await import(pathToFileURL(require.resolve("rolldown/experimental")).href) as {
    isolatedDeclarationSync: Declare;
  };
  const pending = ENTRIES.map((entry) => join(SDK, `${entry}.ts`));
  const done = new Set<string>();
  for (let path = pending.pop(); path; path = pending.pop()) {
    if (done.has(path)) continue;
    done.add(path);
    const name = relative(SDK, path);
    if (name.startsWith("..") || name.startsWith("core/")) throw new Error(`Cannot declare: types lead to ${name}`);
    const { code, errors } = isolatedDeclarationSync(path, await Deno.readTextFile(path), { sourcemap: false });
    if (errors.length) throw new Error(`Cannot declare ${name}: ${errors.map((e) => e.message).join("; ")}`);
    const out = join(folder, name.replace(/\.ts$/, ".d.ts"));
    await Deno.mkdir(dirname(out), { recursive: true });
    await Deno.writeTextFile(out, code.replace(/(from|import\()(\s*"\.[^"]*)\.ts"/g, '$1$2.js"'));
    for (const [, specifier] of code.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      pending.push(join(dirname(path), specifier!));
    }
  }
}

function manifest() {
  const entry = (name: string) => ({ types: `./${name}.d.ts`, default: `./${name}.js` });
  return {
    name: "@syncline/client",
    version: VERSION,
    description: "Receives what a Syncline server pushes: in order, once, over offline times and restarts",
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: {
      ".": {
        browser: entry("browser"),
        "react-native": entry("browser"),
        deno: entry("server"),
        node: entry("server"),
        default: entry("browser"),
      },
      "./browser": entry("browser"),
      "./server": entry("server"),
      "./key-value": entry("key_value"),
      "./package.json": "./package.json",
    },
    types: "./browser.d.ts",
  };
}

if (import.meta.main) {
  const { folder, sizes } = await build();
  await esbuild.stop();
  for (const [entry, { bytes, gzip }] of Object.entries(sizes)) console.log(`${entry}.js ${bytes} bytes, gzip ${gzip}`);
  console.log(`written to ${relative(Deno.cwd(), folder)}`);
  if (sizes.browser!.gzip > BUDGET) {
    console.error(`browser.js is over its budget of ${BUDGET} bytes`);
    Deno.exit(1);
  }
}
