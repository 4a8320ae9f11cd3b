import chromium from "@sparticuz/chromium";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium as playwright,
  type Page,
} from "playwright-core";

/** A real browser without a system package. */
export interface TestBrowser extends AsyncDisposable {
  /** A page in a context of its own: its own cookies, language and size. */
  open(options?: PageOptions): Promise<TestPage>;
  /** A page in the context of this name, made at its first use: it has a warm cache, as an operator's browser has. */
  openShared(key: string, options: PageOptions, prepare: Prepare): Promise<TestPage>;
}

type Prepare = (context: BrowserContext) => Promise<void>;

export interface PageOptions {
  language?: "en" | "zh";
  dark?: boolean;
  /** A phone's width. */
  phone?: boolean;
  /** For `page.goto("/console/…")`. */
  baseURL?: string;
}

/** A page, and what went wrong in it that nobody sees: errors in scripts, and what the policy refused. */
export interface TestPage extends AsyncDisposable {
  page: Page;
  context: BrowserContext;
  problems: string[];
}

const DESKTOP = { width: 1360, height: 860 };
const PHONE = { width: 390, height: 844 };

// Flags of the package that are for a machine without other processes are left out: they make pages share one process.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--font-render-hinting=none",
  "--hide-scrollbars",
];

/** Launches the browser. Disposing ends it and all its pages. */
export async function launchBrowser(): Promise<TestBrowser> {
  const executablePath = await chromium.executablePath();
  const browser = await playwright.launch({ executablePath, args: FLAGS, headless: true });
  const shared = new Map<string, Promise<BrowserContext>>();
  return {
    async open(options = {}) {
      const context = await browser.newContext(settingsOf(options));
      return await openPage(context, () => context.close());
    },
    async openShared(key, options, prepare) {
      const context = shared.get(key) ?? newContext(browser, options, prepare);
      shared.set(key, context);
      const opened = await openPage(await context, () => opened.page.close());
      return opened;
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function newContext(browser: Browser, options: PageOptions, prepare: Prepare): Promise<BrowserContext> {
  const context = await browser.newContext(settingsOf(options));
  await prepare(context);
  return context;
}

function settingsOf(options: PageOptions): BrowserContextOptions {
  return {
    viewport: options.phone ? PHONE : DESKTOP,
    locale: options.language === "zh" ? "zh-CN" : "en-US",
    timezoneId: "Asia/Shanghai",
    colorScheme: options.dark ? "dark" : "light",
    reducedMotion: "reduce",
    ...(options.baseURL !== undefined && { baseURL: options.baseURL }),
  };
}

async function openPage(context: BrowserContext, close: () => Promise<void>): Promise<TestPage> {
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    // A refused call is an answer that the page shows, not a fault of the page.
    if (message.type() === "error" && !/the server responded with a status of 4/.test(message.text())) {
      problems.push(message.text());
    }
  });
  return { page, context, problems, [Symbol.asyncDispose]: close };
}

/** Waits until a page has its heading and nothing on it is loading any more. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.locator("[role=status] .ant-skeleton").first().waitFor({ state: "detached" });
}
