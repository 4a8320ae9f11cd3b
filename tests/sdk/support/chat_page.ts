/** The example chat on a port of its own, with the built client, and a real browser on it. */
import type { Page } from "playwright-core";
import { build } from "../../../sdk/build.ts";
import { chat } from "../../../sdk/examples/chat/serve.ts";
import { launchBrowser } from "../../console/browser.ts";
import { startServer, type TestServer } from "../../support/server.ts";

export interface ChatWorld extends AsyncDisposable {
  readonly server: TestServer;
  readonly url: string;
  /** A page of a browser; pages of one browser share its storage. */
  open(browser: string, query?: string): Promise<Page>;
  setOffline(browser: string, offline: boolean): Promise<void>;
  readonly problems: string[];
}

let built: Promise<unknown> | null = null;

export async function chatWorld(): Promise<ChatWorld> {
  await (built ??= build());
  const server = await startServer();
  const browser = await launchBrowser();
  const listener = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    chat({ server: server.url, instanceId: "default_demo" }),
  );
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const browsers = new Map<string, Awaited<ReturnType<typeof browser.open>>>();
  const problems: string[] = [];
  return {
    server,
    url,
    problems,
    async open(name, query = "?me=alice") {
      const known = browsers.get(name);
      const opened = known ?? await browser.open({ phone: true });
      browsers.set(name, opened);
      const page = known ? await known.context.newPage() : opened.page;
      page.on("pageerror", (error) => problems.push(error.message));
      await page.goto(url + "/" + query);
      return page;
    },
    setOffline: (name, offline) => browsers.get(name)!.context.setOffline(offline),
    async [Symbol.asyncDispose]() {
      await browser[Symbol.asyncDispose]();
      await listener.shutdown();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The messages that a page shows, oldest first. */
export async function texts(page: Page): Promise<string[]> {
  return await page.locator("#messages li").evaluateAll((items) =>
    items.map((item) => (item as unknown as { firstChild: { textContent: string } }).firstChild.textContent)
  );
}

export async function status(page: Page): Promise<string> {
  return await page.locator("#status").textContent() ?? "";
}
