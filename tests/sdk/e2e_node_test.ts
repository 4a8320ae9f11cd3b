import assert from "node:assert/strict";
import { join } from "node:path";
import { build } from "../../sdk/build.ts";
import { startServer } from "../support/server.ts";
import { tempFolder } from "./support/folder.ts";
import { until } from "./support/until.ts";

/** The README's blocks for Node: the program, and the commands before it is started. */
async function readmeLines(): Promise<{ app: string; commands: string[] }> {
  const readme = await Deno.readTextFile(new URL("../../sdk/README.md", import.meta.url));
  const after = readme.slice(readme.indexOf("<!-- tests/sdk/e2e_node_test.ts"));
  const app = /```js\n([^]*?)```/.exec(after)?.[1];
  const commands = /```sh\n([^]*?)```/.exec(after)?.[1]?.trim().split("\n");
  assert.ok(app && commands?.at(-1) === "node app.js");
  return { app, commands: commands.slice(0, -1) };
}

async function run(command: string, cwd: string): Promise<void> {
  const { code, stderr } = await new Deno.Command("sh", { args: ["-c", command], cwd, stdout: "null", stderr: "piped" })
    .output();
  assert.equal(code, 0, `${command}: ${new TextDecoder().decode(stderr)}`);
}

function node(folder: string) {
  const child = new Deno.Command("node", { args: ["app.js"], cwd: folder, stdout: "piped", stderr: "piped" }).spawn();
  const output = { text: "", errors: "" };
  const read = async (stream: ReadableStream<Uint8Array>, add: (text: string) => void) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
  };
  const reading = Promise.all([
    read(child.stdout, (text) => output.text += text),
    read(child.stderr, (text) => output.errors += text),
  ]);
  return {
    output,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await reading;
    },
  };
}

Deno.test("[SDK-5] Node 20: the packed package in an empty folder, by the README's own lines, over a kill of the process", async () => {
  await using server = await startServer();
  await using distDir = await tempFolder();
  const dist = distDir.path;
  await using folderDir = await tempFolder();
  const folder = folderDir.path;
  await build(dist);
  const { app, commands } = await readmeLines();
  await run(`npm pack --silent --pack-destination '${folder}' '${dist}'`, folder);
  await Deno.writeTextFile(join(folder, "app.js"), app.replaceAll("http://127.0.0.1:8080", server.url));
  for (const command of commands) await run(command, folder);
  const push = (payload: string) => server.push({ linkToken: "alice", payload });
  await push("before");
  {
    await using first = node(folder);
    await until("the first", () => first.output.text.includes("1 before"));
    await push("live");
    await until("the live one", () => first.output.text.includes("2 live"));
    await until("its report on the disk", async () => {
      const page = await (await server.admin("GET", "/api/instances/default_demo/pushes?userId=alice")).json();
      return page.items.length === 2 && page.items.every((p: { state: string }) => p.state === "arrived");
    });
    assert.equal(first.output.errors, "");
  }
  await push("while it was dead");
  await using second = node(folder);
  await until("the missed one", () => second.output.text.includes("3 while it was dead"));
  assert.ok(!second.output.text.includes("before") && !second.output.text.includes("live"));
});

Deno.test("[SDK-1] the package stands alone: no dependency, no file of the server in its code or types", async () => {
  await using distDir = await tempFolder();
  const dist = distDir.path;
  const { sizes } = await build(dist);
  assert.ok(sizes.browser!.gzip < 15_000, `${sizes.browser!.gzip} bytes`);
  const manifest = JSON.parse(await Deno.readTextFile(join(dist, "package.json")));
  assert.equal(manifest.dependencies, undefined);
  const paths: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory) await walk(path);
      else paths.push(path);
    }
  };
  await walk(dist);
  for (const name of ["harmony_store.ts", "react_native_store.ts"]) {
    const imports = [...(await Deno.readTextFile(join(dist, "examples", name))).matchAll(/^import .* from "(.*)";$/gm)];
    assert.ok(imports.length > 0);
    for (const [, specifier] of imports) assert.match(specifier!, /^@syncline\/client(\/key-value)?$/);
  }
  const exists = new Set(paths);
  for (const path of paths.filter((p) => /\.(js|d\.ts)$/.test(p))) {
    const text = await Deno.readTextFile(path);
    for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
      if (specifier!.startsWith("node:")) {
        assert.ok(path.endsWith("server.js"), `${specifier} in ${path}`);
        continue;
      }
      const target = join(path, "..", specifier!).replace(/\.js$/, ".d.ts");
      assert.ok(exists.has(target), `${specifier} in ${path}`);
    }
  }
});

const APP = `
import { ConnectionType, createSyncClient, MPFramework, MPSync } from "@syncline/client/browser";
import { asyncStorageStore, type AsyncStorageLike } from "./react_native_store.ts";
import { harmony, type HarmonyKits } from "./harmony_store.ts";

export async function modern(storage: AsyncStorageLike) {
  const client = createSyncClient({ server: "x", instanceId: "i", webSocket: WebSocket, store: asyncStorageStore(storage) });
  const schema = { parse: (value: unknown) => value as { n: number } };
  client.subscribe("A", async (message) => console.log(message.payload.n.toFixed()), { schema });
  for await (const message of client.messages("B")) console.log(message.payload.length, message.sentAt.getTime());
}

export function original(kits: HarmonyKits) {
  MPSync.setup(harmony(kits));
  const context: { name: string } = MPFramework.instance.context;
  MPSync.addConnectionListener({
    onConnectionStateChanged: (event) => console.log(context.name, event.getEventType() === ConnectionType.Connected),
  });
}

// @ts-expect-error: a handler is a function
createSyncClient({ server: "x", instanceId: "i" }).subscribe("A", 5);
`;

Deno.test("[SDK-1] the package's own types fit an app's code and both adapters, in a project that has nothing else", async () => {
  await using appDir = await tempFolder();
  const app = appDir.path, dist = join(app, "node_modules", "@syncline", "client");
  await build(dist);
  for (const name of ["harmony_store.ts", "react_native_store.ts"]) {
    await Deno.copyFile(join(dist, "examples", name), join(app, name));
  }
  const manifest = { name: "app", type: "module", dependencies: { "@syncline/client": "*" } };
  await Deno.writeTextFile(join(app, "package.json"), JSON.stringify(manifest));
  const config = { nodeModulesDir: "manual", compilerOptions: { strict: true, lib: ["esnext", "dom"] } };
  await Deno.writeTextFile(join(app, "deno.json"), JSON.stringify(config));
  await Deno.writeTextFile(join(app, "app.ts"), APP);
  await run(`'${Deno.execPath()}' check app.ts`, app);
});
