/**
 * Leaves in `deno.json` only the packages that the server itself imports, so that the image holds no browsers, build
 * tools or parts of the console's page. Run in the image's own copy of the project.
 */
const SERVER = ["src", "actors", "db"];

async function textOf(folder: string): Promise<string> {
  let text = "";
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) text += await textOf(path);
    else if (name.endsWith(".ts")) text += await Deno.readTextFile(path);
  }
  return text;
}

const { imports, workspace: _, ...rest } = JSON.parse(await Deno.readTextFile("deno.json"));
const code = (await Promise.all(SERVER.map(textOf))).join();
const used = Object.entries(imports).filter(([name]) => code.includes(`"${name}"`) || code.includes(`"${name}/`));
await Deno.writeTextFile("deno.json", JSON.stringify({ ...rest, imports: Object.fromEntries(used) }, null, 2));
