import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { completeLinks } from "../../db/embedded/binaries.ts";
import { startEmbedded } from "../../db/embedded.ts";
import { testFolder } from "../support/data_folder.ts";
import { refusalOf, startEmbeddedServer } from "../support/embedded_server.ts";
import { AS_INSTALLED, canBeOtherUser, otherUser } from "../support/other_user.ts";

const BINARIES = new URL("../../db/embedded/binaries.ts", import.meta.url).href;
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

const ignore = !await canBeOtherUser();

async function ownerOf(path: string): Promise<number | null> {
  return (await Deno.stat(path)).uid;
}

/** A folder with only these programs in it, to take the place of PATH. */
async function toolsOnly(folder: string, names: string[]): Promise<string> {
  const tools = join(folder, "tools");
  await Deno.mkdir(tools, { recursive: true });
  for (const name of names) {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", 'command -v "$1"', "sh", name] }).output();
    await Deno.symlink(new TextDecoder().decode(stdout).trim(), join(tools, name));
  }
  return tools;
}

Deno.test({
  name: "[OPS-1] an ordinary user can start the embedded database, and again",
  ignore,
  fn: async () => {
    await using user = await otherUser();
    const dataDir = join(user.home, "my data");
    for (let time = 0; time < 2; time++) {
      await using server = await startEmbeddedServer(dataDir, user.options);
      assert.equal(server.log.at(-1)?.as, "this user");
    }
    assert.equal(await ownerOf(join(dataDir, "postgres")), user.uid);
  },
});

Deno.test({
  name: "[OPS-1] a data folder that may not be written ends the start with a sentence and exit code 1",
  ignore,
  fn: async () => {
    await using user = await otherUser();
    await using folder = await testFolder();
    assert.deepEqual(await refusalOf(folder.path, user.options), {
      code: 1,
      sentence: `Cannot use the data folder ${folder.path}: it is not writable; ` +
        "set DATA_DIR to a folder that this user may write.",
    });
  },
});

Deno.test({
  name: "root starts the embedded database of an ordinary user as that user, who can go on with it",
  ignore,
  fn: async () => {
    await using user = await otherUser();
    const dataDir = join(user.home, "data");
    await (await startEmbeddedServer(dataDir, user.options))[Symbol.asyncDispose]();
    // As in a home folder, which nobody but its owner may enter, not even a root who gave up root's powers.
    await Deno.chmod(user.home, 0o700);
    await Deno.remove(join(dataDir, "postgres.json"));
    await (await startEmbedded({ dataDir, log: () => {} })).stop();
    for (const name of ["postgres", "postgres/PG_VERSION", "postgres.json", "syncline.lock"]) {
      assert.equal(await ownerOf(join(dataDir, name)), user.uid, name);
    }
    await using _again = await startEmbeddedServer(dataDir, user.options);
  },
});

Deno.test({
  name: "root without user namespaces starts the embedded database as nobody",
  ignore,
  fn: async () => {
    await using folder = await testFolder();
    await Deno.chmod(dirname(folder.path), 0o755);
    const PATH = await toolsOnly(dirname(folder.path), ["sh", "readlink"]);
    {
      await using server = await startEmbeddedServer(folder.path, { env: { PATH } });
      assert.equal(server.log.at(-1)?.as, "user 65534");
    }
    // It is nobody's now, and stays so where there would be another way.
    await using server = await startEmbeddedServer(folder.path);
    assert.equal(server.log.at(-1)?.as, "user 65534");
  },
});

Deno.test({
  name: "root without user namespaces starts the embedded database even where only root may look",
  ignore,
  fn: async () => {
    await using folder = await testFolder(); // its parent is closed to everybody else
    const PATH = await toolsOnly(dirname(folder.path), ["sh", "readlink", "setpriv"]);
    await using server = await startEmbeddedServer(folder.path, { env: { PATH } });
    assert.equal(server.log.at(-1)?.as, "user 65534, who may read all files");
  },
});

Deno.test({
  name: "root without any other user to be is told what to do",
  ignore,
  fn: async () => {
    await using folder = await testFolder();
    const PATH = await toolsOnly(dirname(folder.path), ["sh"]);
    const { code, sentence } = await refusalOf(folder.path, { env: { PATH } });
    assert.equal(code, 1);
    assert.match(sentence, /^Cannot start the embedded Postgres as root: .*; start the server as an ordinary user, or/);
  },
});

Deno.test("completeLinks makes the listed links, also when many servers do it at once", async () => {
  await using folder = await testFolder();
  await makePackage(folder.path);
  const spare = join(folder.path, "spare");
  const results = await Promise.all(Array.from({ length: 20 }, () => completeLinks(folder.path, spare)));
  for (const result of results) assert.deepEqual(result, {});
  const lib = join(folder.path, "native", "lib");
  assert.equal(await Deno.readTextFile(join(lib, "libone.so.1")), "one");
  assert.deepEqual([...Deno.readDirSync(lib)].map(({ name }) => name).sort(), ["libone.so.1", "libone.so.1.2"]);
});

Deno.test({
  name: "completeLinks puts the links into the spare folder where it may not write into the package",
  ignore,
  fn: async () => {
    await using user = await otherUser();
    const root = join(dirname(user.home), "package");
    await makePackage(root);
    const spare = join(user.home, "spare");
    const program = join(user.home, "program.ts");
    await Deno.writeTextFile(
      program,
      `import { completeLinks } from ${JSON.stringify(BINARIES)};
       console.log(JSON.stringify(await completeLinks(${JSON.stringify(root)}, ${JSON.stringify(spare)})));`,
    );
    const { program: deno = "", env = {}, user: identity } = user.options;
    const args = ["run", "-A", ...AS_INSTALLED, `--config=${CONFIG}`, program];
    for (let time = 0; time < 2; time++) {
      const { stdout } = await new Deno.Command(deno, { args, env, ...identity, stderr: "inherit" }).output();
      const path = `${spare}:${join(root, "native", "lib")}`;
      assert.deepEqual(Object.values(JSON.parse(new TextDecoder().decode(stdout))), [path]);
      assert.equal(await Deno.readTextFile(join(spare, "libone.so.1")), "one");
    }
  },
});

async function makePackage(root: string): Promise<void> {
  const lib = join(root, "native", "lib");
  await Deno.mkdir(lib, { recursive: true });
  await Deno.writeTextFile(join(lib, "libone.so.1.2"), "one");
  const links = [{ source: "native/lib/libone.so.1.2", target: "native/lib/libone.so.1" }];
  await Deno.writeTextFile(join(root, "native", "pg-symlinks.json"), JSON.stringify(links));
}
