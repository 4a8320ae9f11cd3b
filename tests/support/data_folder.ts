import { join } from "node:path";
import { stopLeftover } from "../../db/embedded/leftover.ts";

/**
 * A data folder in a new temporary one. At the end it is removed, after a Postgres that still runs in it was stopped.
 */
export type TestFolder = AsyncDisposable & { readonly path: string };

export async function testFolder(name = "data"): Promise<TestFolder> {
  const parent = await Deno.realPath(await Deno.makeTempDir({ prefix: "syncline-data-" }));
  const path = join(parent, name);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await stopLeftover(join(path, "postgres"));
      await Deno.remove(parent, { recursive: true });
    },
  };
}
