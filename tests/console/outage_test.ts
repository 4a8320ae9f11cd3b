import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browserTest, consoleTests, DEMO } from "./setup.ts";

const ui = consoleTests();

const FAILS = { status: 500, json: { code: "SYSTEM_ERROR", message: "" } };
/** How long a page may take to ask again by itself. */
const ASKS_AGAIN = { timeout: 15_000 };

browserTest("[CON-2] what could not be read again says so, and from when it is", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${DEMO}/status?kind=user&id=u-stale`);
  await page.getByText("Not connected", { exact: true }).waitFor();
  await page.route("**/users/u-stale", (route) => route.fulfill(FAILS));
  const notice = page.getByRole("alert").getByText("This could not be brought up to date");
  await notice.waitFor(ASKS_AGAIN);
  await page.getByText("Not connected", { exact: true }).waitFor();
  await page.unroute("**/users/u-stale");
  await notice.waitFor({ state: "hidden", ...ASKS_AGAIN });
});

browserTest("[STA-2] what cannot be read any more is not called live", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${DEMO}/overview`);
  const live = page.getByText("Live", { exact: true });
  await live.waitFor();
  await page.route("**/pushes?limit=12", (route) => route.fulfill(FAILS));
  await page.getByText("Interrupted", { exact: true }).waitFor(ASKS_AGAIN);
  await live.waitFor({ state: "detached" });
  await page.unroute("**/pushes?limit=12");
  await live.waitFor(ASKS_AGAIN);
});

browserTest("[CON-2] what is gone by now is not shown as if it were there", async () => {
  await ui.server.admin("POST", "/api/instances/default_demo/configs", {
    bizType: "SHORT-LIVED",
    description: "Goes while somebody looks",
    scope: "single",
    target: "device",
  });
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs/SHORT-LIVED`);
  await page.getByRole("heading", { name: "SHORT-LIVED" }).waitFor();
  await ui.server.admin("POST", "/api/instances/default_demo/configs/SHORT-LIVED/offline");
  await ui.server.admin("DELETE", "/api/instances/default_demo/configs/SHORT-LIVED");
  await comeBack(page);
  await page.getByText("There is no such config.").waitFor(ASKS_AGAIN);
});

browserTest("[CON-1] a log out that failed is told, and the session goes on", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${DEMO}/configs`);
  await page.getByRole("link", { name: "UCHAT", exact: true }).waitFor();
  await page.route("**/api/session", (route) => route.fulfill(FAILS));
  await page.getByRole("button", { name: /^Account/ }).click();
  await page.getByText("Log out").click();
  await page.getByText("The server has a problem", { exact: false }).waitFor();
  await page.getByRole("link", { name: "UCHAT", exact: true }).waitFor();
});

browserTest(
  "[CON-1] [INS-2] what is shown once is shown at once, however slow the list is that it changed",
  async () => {
    await using entered = await ui.enter("admin");
    const { page } = entered;
    const shown = async (path: string, act: () => Promise<void>) => {
      await page.goto(path);
      await page.getByRole("heading", { level: 2 }).or(page.getByRole("table")).first().waitFor();
      const { promise: answer, resolve } = Promise.withResolvers<void>();
      await page.route(/\/api\/(instances|operators)/, async (route) => {
        if (route.request().method() === "GET") await answer;
        await route.continue();
      });
      await act();
      await page.getByRole("dialog").getByText("it is shown this once", { exact: false }).waitFor();
      resolve();
      await page.unrouteAll({ behavior: "wait" });
    };
    await shown(`${DEMO}/service`, () => page.getByRole("button", { name: "New secret: App secret" }).click());
    await shown("/console/operators?new=1", async () => {
      await page.getByLabel("Account", { exact: true }).fill("slow-day");
      await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    });
  },
);

browserTest("[CON-4] pushes of one user do not stand under another's name while those are on their way", async () => {
  const push = { bizType: "UCHAT", linkToken: "u-before", thirdMsgId: "before-1", payload: "p" };
  await ui.server.admin("POST", "/api/instances/default_demo/pushes", push);
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${DEMO}/status?kind=user&id=u-before`);
  const before = page.getByRole("button", { name: "Details: before-1" });
  await before.waitFor();
  await page.route("**/pushes?*u-after*", () => {}); // never answered
  await page.getByLabel("User ID").fill("u-after");
  await page.keyboard.press("Enter");
  await page.getByText("u-after", { exact: true }).waitFor();
  await before.waitFor({ state: "detached" });
});

browserTest("[STA-2] numbers of another period are marked as such until those asked for come", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${DEMO}/overview`);
  await page.getByText("in this period").first().waitFor();
  await page.route("**/overview?*", () => {}); // never answered
  await page.getByText("30 days", { exact: true }).click();
  await page.locator(".overview[aria-busy=true]").waitFor();
});

for (
  const [what, path, fields] of [
    ["operator", "/console/operators?new=1", { Account: "twice-1" }],
    ["instance", "/console/instances?new=1", { Name: "Twice", Workspace: "twice", "App ID": "app" }],
  ] as const
) {
  browserTest(
    `[CON-2] Enter makes one ${what}, also where it is pressed twice because the server is slow`,
    async () => {
      await using entered = await ui.enter("admin");
      const { page } = entered;
      let calls = 0;
      await page.goto(path);
      await page.route(`**/api/${what}s`, async (route) => {
        calls++;
        await new Promise((resolve) => setTimeout(resolve, 1000));
        await route.continue();
      });
      for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
      await page.keyboard.press("Enter");
      await page.locator(".ant-btn-loading").waitFor();
      await page.keyboard.press("Enter");
      await page.getByText(what === "operator" ? "it is shown this once" : "twice_app is created", { exact: false })
        .waitFor();
      assert.equal(calls, 1);
    },
  );
}

/** What a browser tells a page whose tab is looked at again, once its data is old enough to be asked for. */
async function comeBack(page: Page): Promise<void> {
  await page.waitForTimeout(5_500);
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
}

browserTest(
  "[CON-1] an operator that is made when its page was left already changes no address of another page",
  async () => {
    await using entered = await ui.enter("admin");
    const { page } = entered;
    const { promise: answer, resolve } = Promise.withResolvers<void>();
    await page.goto(`${DEMO}/status?kind=user&id=u-1`);
    await page.getByRole("link", { name: "Operators" }).click();
    await page.getByRole("button", { name: "New operator" }).click();
    await page.getByLabel("Account", { exact: true }).fill("left-early");
    await page.route("**/api/operators", async (route) => {
      if (route.request().method() === "POST") await answer;
      await route.continue();
    });
    const made = page.waitForResponse("**/api/operators");
    await page.keyboard.press("Enter");
    await page.locator(".ant-btn-loading").waitFor();
    await page.evaluate("history.go(-2)");
    await page.getByText("u-1", { exact: true }).waitFor();
    resolve();
    await made;
    await page.waitForTimeout(200);
    assert.match(page.url(), /status\?kind=user&id=u-1$/);
  },
);
