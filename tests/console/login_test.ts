import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browserTest, consoleTests, DEMO } from "./setup.ts";

const ui = consoleTests();

async function logIn(page: Page, login: string, password: string): Promise<void> {
  await page.getByLabel("Account").fill(login);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

async function newOperator(login: string): Promise<string> {
  const { password } = await (await ui.server.admin("POST", "/api/operators", { login, role: "operator" })).json();
  return password;
}

browserTest("[CON-1] a one-time password leads to the choice of another before anything else", async () => {
  const oneTime = await newOperator("first-day");
  await using opened = await ui.open();
  const { page } = opened;
  await page.goto("/console/");
  await logIn(page, "first-day", oneTime);
  await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  await page.goto(`${DEMO}/configs`);
  await page.waitForURL(/\/console\/password$/);
  await page.getByLabel("Current password").fill(oneTime);
  await page.getByLabel("New password", { exact: true }).fill("short");
  await page.getByText("At least 12 characters", { exact: true }).waitFor();
  await page.getByLabel("New password", { exact: true }).fill("a sentence of mine");
  await page.getByLabel("New password, once more").fill("a sentence of yours");
  await page.getByText("The two do not match").waitFor();
  await page.getByLabel("New password, once more").fill("a sentence of mine");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByRole("heading", { name: "Instances" }).waitFor();
  await page.getByText("Password changed", { exact: false }).waitFor();
  assert.deepEqual(opened.problems, []);
});

browserTest("[CON-1] a wrong password is refused in one sentence that does not say which half was wrong", async () => {
  await using opened = await ui.open();
  const { page } = opened;
  await page.goto("/console/login");
  await logIn(page, "nobody", "whatever it was");
  await page.getByRole("alert").getByText("Account or password is wrong.").waitFor();
  await page.getByLabel("Account").fill("");
  await page.getByText("Account is required").waitFor();
});

browserTest("[CON-1] the login leads back to the page that was asked for, and log out ends the session", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs?status=online`);
  await page.getByRole("link", { name: "UCHAT", exact: true }).waitFor();
  const oneTime = await newOperator("wanderer");
  await using opened = await ui.open();
  await opened.page.goto(`${DEMO}/records?action=kick`);
  await opened.page.waitForURL(/\/console\/login\?to=/);
  await logIn(opened.page, "wanderer", oneTime);
  await opened.page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  await opened.page.getByRole("button", { name: "Log out" }).click();
  await opened.page.getByRole("heading", { name: "Log in" }).waitFor();
  const cookies = await opened.context.cookies();
  assert.deepEqual(cookies.filter((cookie) => cookie.value !== ""), []);
});

browserTest("[CON-1] the login's address leads only to pages of the console itself", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto("/console/login?to=https%3A%2F%2Fexample.com%2F");
  await page.getByRole("heading", { name: "Instances" }).waitFor();
  await page.goto("/console/login?to=%2F%2Fexample.com");
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  assert.equal(new URL(page.url()).origin, ui.server.url);
});

browserTest("[CON-1] [CON-5] a wrong current password is told in the operator's language", async () => {
  await using entered = await ui.enter("viewer", { language: "zh" });
  const { page } = entered;
  await page.goto("/console/password");
  await page.getByLabel("当前密码").fill("not the password");
  await page.getByLabel("新密码", { exact: true }).fill("another long password");
  await page.getByLabel("再次输入新密码").fill("another long password");
  await page.getByRole("button", { name: "修改密码" }).click();
  await page.getByRole("alert").getByText("当前密码不正确。").waitFor();
});

browserTest("[CON-5] language and appearance change at once and are kept for the next visit", async () => {
  await using opened = await ui.open();
  const { page } = opened;
  await page.goto("/console/login");
  await page.getByRole("button", { name: "Language: English" }).click();
  await page.getByRole("menuitem", { name: "中文" }).click();
  await page.getByRole("heading", { name: "登录" }).waitFor();
  await page.getByRole("button", { name: "外观" }).click();
  await page.getByRole("menuitem", { name: "深色" }).click();
  await page.locator("html[data-theme=dark][lang=zh-CN]").waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "登录" }).waitFor();
  await page.locator("html[data-theme=dark]").waitFor();
  assert.deepEqual(opened.problems, []);
});

browserTest("[CON-1] the login works by keyboard alone", async () => {
  const oneTime = await newOperator("keys-only");
  await using opened = await ui.open();
  const { page } = opened;
  await page.goto("/console/login");
  await page.locator("#login:focus").waitFor();
  await page.keyboard.type("keys-only");
  await page.keyboard.press("Tab");
  await page.keyboard.type(oneTime);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
});
