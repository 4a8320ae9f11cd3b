import type { Role } from "../../db/operators.ts";
import { CONSOLE_DIST } from "../../console/build.ts";
import { bundle } from "../../console/bundle.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { launchBrowser, type PageOptions, type TestBrowser, type TestPage } from "./browser.ts";

/** Where the demo instance's pages are. */
export const DEMO = "/console/i/default_demo";

/** What browser tests of one file share: a server, a browser, and an operator of each role. */
export interface ConsoleTests {
  readonly server: TestServer;
  /** A page without a login. */
  open(options?: PageOptions): Promise<TestPage>;
  /** A page in which an operator of this role is logged in. */
  enter(role: Role, options?: PageOptions): Promise<TestPage>;
}

const SHORT_WAIT_MS = 10_000;
const COOKIE = "syncline_session";
const PASSWORD = "correct horse battery";

/** Starts all of it before the file's first test and ends it after the last one. */
export function consoleTests(options: { env?: Record<string, string> } = {}): ConsoleTests {
  let server: TestServer | undefined;
  let browser: TestBrowser | undefined;
  const cookies = new Map<Role, Promise<string>>();
  Deno.test.beforeAll(async () => {
    await ensureFreshBuild();
    [server, browser] = await Promise.all([startServer(options), launchBrowser()]);
  });
  Deno.test.afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  const running = () => {
    if (server === undefined || browser === undefined) throw new Error("Cannot use the console before its tests run");
    return { server, browser };
  };
  const open = async (options: PageOptions = {}) => {
    const opened = await running().browser.open({ baseURL: running().server.url, ...options });
    opened.page.setDefaultTimeout(SHORT_WAIT_MS);
    return opened;
  };
  return {
    get server() {
      return running().server;
    },
    open,
    async enter(role, options = {}) {
      const { server, browser } = running();
      const look = { baseURL: server.url, ...options };
      const opened = await browser.openShared(JSON.stringify([role, look]), look, async (context) => {
        const cookie = cookies.get(role) ?? loginOf(server, role);
        cookies.set(role, cookie);
        await context.addCookies([{ name: COOKIE, value: await cookie, url: server.url }]);
      });
      opened.page.setDefaultTimeout(SHORT_WAIT_MS);
      return opened;
    },
  };
}

/** A test in a real browser, whose timers and sockets outlive single tests. */
export function browserTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** Makes an operator and logs it in, past the one-time password. @returns the session's token */
export async function loginOf(server: TestServer, role: Role): Promise<string> {
  const login = `${role}-1`;
  const made = await server.admin("POST", "/api/operators", { login, role });
  const { password } = await made.json();
  const call = (path: string, body: unknown, cookie = "") =>
    fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Syncline-Console": "1", "Cookie": cookie },
      body: JSON.stringify(body),
    });
  const entered = await call("/api/session", { login, password });
  await entered.body?.cancel();
  const cookie = entered.headers.get("set-cookie")?.split(";")[0] ?? "";
  const changed = await call("/api/session/password", { current: password, next: PASSWORD }, cookie);
  await changed.body?.cancel();
  if (!changed.ok) throw new Error(`Cannot log in as ${role}: ${changed.status}`);
  return cookie.slice(COOKIE.length + 1);
}

/** Builds the console when there is no build, or an older one than its files. */
export async function ensureFreshBuild(): Promise<void> {
  const built = await Deno.stat(new URL("index.html", CONSOLE_DIST)).then((stat) => stat.mtime, () => null);
  const newest = await newestChange(new URL("../", CONSOLE_DIST));
  if (built === null || built < newest) await bundle(CONSOLE_DIST);
}

async function newestChange(folder: URL): Promise<Date> {
  let newest = new Date(0);
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.startsWith("dist")) continue;
    const url = new URL(entry.isDirectory ? `${entry.name}/` : entry.name, folder);
    const changed = entry.isDirectory ? await newestChange(url) : (await Deno.stat(url)).mtime ?? newest;
    if (changed > newest) newest = changed;
  }
  return newest;
}
