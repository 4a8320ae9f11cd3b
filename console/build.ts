/**
 * Builds the console into `console/dist`: as a program (`deno task build:console`), or in the background at the first
 * start of a server that has no built console yet.
 */

/** Stands in the built index.html where the server writes each answer's nonce. */
export const NONCE_PLACEHOLDER = "SYNCLINE_CSP_NONCE";

/** Where the built files are. */
export const CONSOLE_DIST: URL = new URL("./dist/", import.meta.url);

/** How far the console is: `failed` means that the build ended without files. */
export type ConsoleState = "ready" | "building" | "failed";

/** A build that may still be under way. */
export interface ConsoleBuild extends AsyncDisposable {
  /** How far it is now. */
  readonly state: () => ConsoleState;
  /** Resolves when the build has ended, well or not; never rejects. */
  readonly done: Promise<ConsoleState>;
}

/**
 * Starts a build in a process of its own when there are no built files, and returns at once: the API's readiness does
 * not wait for it. Disposing ends a build that is still under way.
 *
 * @param report told once when a build begins, and once how it ended
 * @example
 * ```ts
 * await using build = ensureConsoleBuilt((message) => log.info(message));
 * app.route("/", consoleRoutes({ dist: CONSOLE_DIST, state: build.state }));
 * ```
 */
export function ensureConsoleBuilt(report: (message: string) => void = () => {}): ConsoleBuild {
  if (exists(new URL("index.html", CONSOLE_DIST))) {
    return { state: () => "ready", done: Promise.resolve("ready"), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  let state: ConsoleState = "building";
  const stop = new AbortController();
  report("The console is being built; /console answers in a moment");
  const done = runBuild(stop.signal).then((error) => {
    state = error === null ? "ready" : "failed";
    if (!stop.signal.aborted) report(error === null ? "The console is built" : `Cannot build the console: ${error}`);
    return state;
  });
  return {
    state: () => state,
    done,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}

async function runBuild(signal: AbortSignal): Promise<string | null> {
  try {
    const output = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", decodeURIComponent(new URL(import.meta.url).pathname)],
      cwd: new URL("..", import.meta.url),
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal,
    }).output();
    return output.success ? null : new TextDecoder().decode(output.stderr).trim().slice(-2000);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function exists(file: URL): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  const { bundle } = await import("./bundle.ts");
  await bundle(CONSOLE_DIST);
}
