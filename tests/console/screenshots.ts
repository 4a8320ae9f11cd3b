/**
 * `deno task screenshots`: pictures of every page in docs/screenshots, from a real server with a week of invented data.
 * Chinese needs a font with Chinese letters on the machine (Debian: fonts-wqy-microhei); pictures of it are left out
 * where there is none.
 */
import type { Page } from "playwright-core";
import { launchBrowser, type PageOptions, settled, type TestBrowser } from "./browser.ts";
import { DEMO_INSTANCE, DEMO_USER, fillDemoData } from "./demo_data.ts";
import { ensureFreshBuild, loginOf } from "./setup.ts";
import { startServer, type TestServer } from "../support/server.ts";

const TARGET = new URL("../../docs/screenshots/", import.meta.url);
const PAGES = `/console/i/${DEMO_INSTANCE}`;

interface Picture {
  name: string;
  path: string;
  look?: PageOptions;
  /** What is done before the picture is taken. */
  act?: (page: Page) => Promise<void>;
}

const DARK: PageOptions = { dark: true };
const CHINESE: PageOptions = { language: "zh" };
const PHONE: PageOptions = { phone: true };

const PICTURES: Picture[] = [
  { name: "overview", path: `${PAGES}/overview?span=week` },
  { name: "overview-dark-zh", path: `${PAGES}/overview?span=week`, look: { ...DARK, ...CHINESE } },
  { name: "overview-phone", path: `${PAGES}/overview?span=week`, look: PHONE },
  { name: "configs", path: `${PAGES}/configs` },
  { name: "configs-zh", path: `${PAGES}/configs`, look: CHINESE },
  { name: "config", path: `${PAGES}/configs/BALANCE-CHANGE` },
  { name: "config-new", path: `${PAGES}/configs/new`, act: fillNewConfig },
  { name: "config-offline", path: `${PAGES}/configs`, act: askOffline },
  { name: "send", path: `${PAGES}/send?biz=TRADE-RESULT`, act: sendData },
  { name: "status", path: `${PAGES}/status?kind=user&id=${DEMO_USER}` },
  { name: "status-phone", path: `${PAGES}/status?kind=user&id=${DEMO_USER}`, look: PHONE },
  { name: "push", path: `${PAGES}/status?kind=user&id=${DEMO_USER}&push=TRADE-RESULT.2&for=${DEMO_USER}` },
  { name: "dead-letters", path: `${PAGES}/deadletters` },
  { name: "records", path: `${PAGES}/records` },
  { name: "record", path: `${PAGES}/records?action=config.changed`, act: openRecord },
  { name: "service", path: `${PAGES}/service` },
  { name: "service-secret", path: `${PAGES}/service`, act: makeSecret },
  { name: "instances", path: "/console/instances" },
  { name: "operators-dark", path: "/console/operators", look: DARK },
  { name: "empty", path: `${PAGES}/deadletters?user=nobody` },
];

async function fillNewConfig(page: Page): Promise<void> {
  await page.getByLabel("Sync ID", { exact: true }).fill("DEVICE-WIPE");
  await page.getByLabel("Description").fill("Erase the app's data on a lost device");
  await page.getByText("Device", { exact: true }).click();
}

async function askOffline(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Go offline: UCHAT" }).click();
  await page.getByRole("dialog").waitFor();
}

async function sendData(page: Page): Promise<void> {
  await page.getByLabel("User ID").fill("u-2001");
  await page.getByLabel("Content", { exact: true }).fill('{"order":"T-90017","state":"FILLED"}');
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("status").getByText("NOT_ONLINE").waitFor();
}

async function openRecord(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Details: Config changed BALANCE-CHANGE" }).click();
  await page.getByRole("dialog").waitFor();
}

async function makeSecret(page: Page): Promise<void> {
  await page.getByRole("button", { name: "New secret: Server secret" }).click();
  await page.getByRole("dialog").waitFor();
}

async function takeLogin(browser: TestBrowser, server: TestServer): Promise<void> {
  await using opened = await browser.open({ baseURL: server.url });
  await opened.page.goto("/console/login");
  await settled(opened.page);
  await shoot(opened.page, "login");
}

async function take(picture: Picture, browser: TestBrowser, server: TestServer, cookie: string): Promise<void> {
  await using opened = await browser.open({ baseURL: server.url, ...picture.look });
  const { page, context } = opened;
  await context.addCookies([{ name: "syncline_session", value: cookie, url: server.url }]);
  await page.goto(picture.path);
  await settled(page);
  await page.waitForLoadState("networkidle");
  await picture.act?.(page);
  await shoot(page, picture.name);
  for (const problem of opened.problems) throw new Error(`Cannot show ${picture.name}: ${problem}`);
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: decodeURIComponent(new URL(`${name}.png`, TARGET).pathname), animations: "disabled" });
}

async function hasChineseFont(): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("fc-list", { args: [":lang=zh-cn", "family"] }).output();
    return stdout.length > 0;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  await ensureFreshBuild();
  const chinese = await hasChineseFont();
  await using server = await startServer();
  await using browser = await launchBrowser();
  await fillDemoData(server.databaseUrl);
  await server.services.catalog.refresh();
  const cookie = await loginOf(server, "admin");
  await takeLogin(browser, server);
  for (const picture of PICTURES) {
    if (picture.look?.language === "zh" && !chinese) continue;
    await take(picture, browser, server, cookie);
  }
}
