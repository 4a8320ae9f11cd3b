import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { CONSOLE_DIST } from "../../console/build.ts";
import { type PageOptions, settled } from "./browser.ts";
import { DEMO_INSTANCE, DEMO_USER, fillDemoData } from "./demo_data.ts";
import { browserTest, consoleTests } from "./setup.ts";

const ui = consoleTests();
const PAGES = `/console/i/${DEMO_INSTANCE}`;

Deno.test.beforeAll(async () => {
  await fillDemoData(ui.server.databaseUrl, 800);
  await ui.server.services.catalog.refresh();
});

/** Every page with its heading in both languages (CON-5). */
const ALL: { path: string; en: string; zh: string }[] = [
  { path: `${PAGES}/overview?span=week`, en: "Overview", zh: "概览" },
  { path: `${PAGES}/configs`, en: "Configs", zh: "配置管理" },
  { path: `${PAGES}/configs/new`, en: "New sync config", zh: "新建同步" },
  { path: `${PAGES}/configs/BALANCE-CHANGE`, en: "BALANCE-CHANGE", zh: "BALANCE-CHANGE" },
  { path: `${PAGES}/configs/COUPON/edit`, en: "Edit COUPON", zh: "编辑 COUPON" },
  { path: `${PAGES}/send?biz=UCHAT`, en: "Send data", zh: "发送数据" },
  { path: `${PAGES}/status?kind=user&id=${DEMO_USER}`, en: "Data query", zh: "数据查询" },
  { path: `${PAGES}/deadletters`, en: "Dead letters", zh: "死信" },
  { path: `${PAGES}/records`, en: "Operation records", zh: "操作记录" },
  { path: `${PAGES}/service`, en: "Service management", zh: "服务管理" },
  { path: "/console/instances", en: "Instances", zh: "实例" },
  { path: "/console/operators", en: "Operators", zh: "操作员" },
];

const LOOKS: (PageOptions & { language: "en" | "zh" })[] = [
  { language: "en" },
  { language: "zh", dark: true },
  { language: "en", phone: true },
];

async function findings(page: Page): Promise<string[]> {
  await settled(page);
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>("axe.run()");
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}

for (const look of LOOKS) {
  const name = [look.language, look.dark ? "dark" : "light", look.phone ? "phone" : "desktop"].join(", ");
  browserTest(`[CON-2] every page is there without serious findings of axe (${name})`, async () => {
    await using entered = await ui.enter("admin", look);
    const { page } = entered;
    for (const { path, en, zh } of ALL) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1, name: look.language === "en" ? en : zh, exact: true }).waitFor();
      assert.deepEqual(await findings(page), [], path);
      const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      assert.ok(overflow <= 0, `${path} is ${overflow} px wider than the screen`);
    }
    assert.deepEqual(entered.problems, []);
  });
}

for (const look of ["light", "dark"]) {
  browserTest(`[CON-2] dialogs and drawers have no serious findings of axe either (${look})`, async () => {
    await using entered = await ui.enter("admin", { dark: look === "dark" });
    const { page } = entered;
    const opened = [
      `${PAGES}/status?kind=user&id=${DEMO_USER}&push=TRADE-RESULT.2&for=${DEMO_USER}`,
      "/console/instances?new=1",
      "/console/operators?new=1",
    ];
    for (const path of opened) {
      await page.goto(path);
      await page.getByRole("dialog").waitFor();
      assert.deepEqual(await findings(page), [], path);
    }
    await page.goto(`${PAGES}/configs/UCHAT`);
    await page.getByRole("button", { name: "Go offline: UCHAT" }).click();
    await page.getByRole("dialog").waitFor();
    assert.deepEqual(await findings(page), []);
  });
}

browserTest("[CON-5] the labels that operators know are there in Chinese", async () => {
  await using entered = await ui.enter("admin", { language: "zh" });
  const { page } = entered;
  await page.goto(`${PAGES}/configs/new`);
  await page.getByText("阈值", { exact: true }).click();
  const labels = ["同步标识", "推送说明", "推送范围", "全局推送", "指定推送", "推送对象", "用户", "设备"];
  labels.push("多设备同步", "数据持久化", "重推方式", "全部", "阈值", "重推阈值", "用户一致性");
  labels.push("配置管理", "数据查询", "服务管理", "操作记录", "新建同步");
  for (const label of labels) await page.getByText(label, { exact: true }).first().waitFor();
  assert.equal(await page.getByPlaceholder("DEVICE-LOCK").count(), 1);
  await page.goto(`${PAGES}/configs`);
  for (const label of ["上线", "下线"]) await page.getByText(label, { exact: true }).first().waitFor();
  await page.goto(`${PAGES}/service`);
  await page.getByText("关闭签名", { exact: true }).waitFor();
});

browserTest("[CON-2] the first load is under 400 KB gzipped, and other pages do not come along", async () => {
  for (const path of ["/console/login", `${PAGES}/overview`, `${PAGES}/configs`, `${PAGES}/status`]) {
    await using opened = path.endsWith("login") ? await ui.open() : await ui.enter("viewer");
    const { page } = opened;
    const assets = new Set<string>();
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith("/console/assets/")) assets.add(pathname.slice("/console/".length));
    });
    await page.goto(path);
    await settled(page);
    await page.waitForLoadState("networkidle");
    const sizes = await Promise.all([...assets].map(gzipped));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(bytes > 100_000 && bytes < 400_000, `${path}: ${bytes} bytes`);
    assert.ok(![...assets].some((name) => name.includes("service_page")), [...assets].join(" "));
  }
});

/** What an asset weighs on the way to a browser that takes gzip; small ones travel as they are. */
async function gzipped(asset: string): Promise<number> {
  const file = (suffix: string) => Deno.stat(new URL(asset + suffix, CONSOLE_DIST)).then((stat) => stat.size);
  return await file(".gz").catch(() => file(""));
}

browserTest("[CON-2] the page can be reached by keyboard past the navigation", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${PAGES}/configs`);
  await page.getByRole("link", { name: "UCHAT", exact: true }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator("#page-content:focus").waitFor();
});

browserTest("[CON-2] a server that does not answer is told, with a way to try again", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${PAGES}/configs`);
  await page.getByRole("link", { name: "UCHAT", exact: true }).waitFor();
  await page.route(
    "**/deadletters*",
    (route) => route.fulfill({ status: 500, json: { code: "SYSTEM_ERROR", message: "" } }),
  );
  await page.getByRole("link", { name: "Dead letters" }).click();
  await page.getByRole("alert").getByText("This could not be loaded").waitFor();
  await page.unroute("**/deadletters*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("table").waitFor();
});
