import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { openSql } from "../../db/sql.ts";
import { browserTest, consoleTests, DEMO } from "./setup.ts";

const ui = consoleTests();

const instance = async () => await (await ui.server.admin("GET", "/api/instances/default_demo")).json();

async function waitForClipboardFreeText(page: Page): Promise<string> {
  const text = await page.getByRole("dialog").locator(".secret .code").innerText();
  await page.getByRole("button", { name: "I have copied it" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  return text.trim();
}

browserTest("[INS-2] a secret is shown once, two of a kind at most, and can be revoked", async () => {
  await using entered = await ui.enter("admin");
  const { page } = entered;
  await page.goto(`${DEMO}/service`);
  const server = page.getByRole("region", { name: "Server secret" });
  await server.getByRole("button", { name: "New secret" }).click();
  await page.getByText("Copy it now: it is shown this once.").waitFor();
  const secret = await waitForClipboardFreeText(page);
  assert.ok(secret.length >= 20, secret);
  await page.reload();
  await server.getByRole("button", { name: "Revoke" }).first().waitFor();
  assert.equal(await page.getByText(secret).count(), 0);
  await server.getByRole("button", { name: "New secret" }).click();
  await waitForClipboardFreeText(page);
  await server.getByRole("button", { name: "New secret" }).and(page.locator(":disabled")).waitFor();
  await server.getByRole("button", { name: "Revoke" }).first().click();
  await page.getByRole("tooltip").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("Secret revoked").waitFor();
  assert.equal((await instance()).secrets.filter((one: { kind: string }) => one.kind === "server").length, 1);
  assert.deepEqual(entered.problems, []);
});

browserTest("[SIG-1] the signature switch asks first and acts at once", async () => {
  await using entered = await ui.enter("admin");
  const { page } = entered;
  await page.goto(`${DEMO}/service`);
  await page.getByText("Signatures are off").waitFor();
  await page.getByRole("button", { name: "Turn signatures on" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("callers and apps that do not sign are refused", { exact: false }).waitFor();
  await dialog.getByRole("button", { name: "Turn signatures on" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.equal((await ui.server.push()).msg, "SIGNATURE_INVALID");
  await page.getByRole("button", { name: "Turn signatures off" }).click();
  await dialog.getByRole("button", { name: "Turn signatures off" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByText("Signatures are off").first().waitFor();
  assert.equal((await ui.server.push()).success, true);
});

browserTest("[SES-3] the validation URL is tried before it is saved: the raw answer beside our verdict", async () => {
  const answer = (sid: string) => ({ response: { resultCode: "OK", success: "true", result: { sid, valid: "true" } } });
  await using tenant = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { sessionId } = await request.json();
    return Response.json(answer(sessionId === "s-good" ? "s-good" : "somebody else's"));
  });
  await using entered = await ui.enter("admin");
  const { page } = entered;
  await page.goto(`${DEMO}/service`);
  await page.getByLabel("Validation URL").fill("ftp://example.com");
  await page.getByText("An http or https address").waitFor();
  await page.getByLabel("Validation URL").fill(`http://127.0.0.1:${tenant.addr.port}/validate`);
  await page.getByLabel("User ID").fill("u-1");
  await page.getByLabel("Session ID").fill("s-good");
  await page.getByRole("button", { name: "Ask" }).click();
  const trial = page.getByRole("region", { name: "Try it" });
  await trial.getByText("Valid", { exact: true }).waitFor();
  await trial.getByText('"sid":"s-good"', { exact: false }).waitFor();
  await page.getByLabel("Session ID").fill("s-bad");
  await page.getByRole("button", { name: "Ask" }).click();
  await trial.getByText("Invalid", { exact: true }).waitFor();
  assert.equal((await instance()).sessionValidateUrl, null);
  // The instance is read again before the list of instances is: by then the form is another one, with nothing to save.
  await page.route(/\/api\/instances\?/, async (route) => {
    await page.locator("button:disabled").filter({ hasText: "Save" }).waitFor();
    await route.continue();
  });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved", { exact: true }).waitFor();
  assert.match((await instance()).sessionValidateUrl, /\/validate$/);
  assert.deepEqual(entered.problems, []);
});

browserTest("[SES-2] Enter in the trial tries the URL, and does not save it", async () => {
  await using entered = await ui.enter("admin");
  const { page } = entered;
  await page.goto(`${DEMO}/service`);
  const { sessionValidateUrl } = await instance();
  await page.getByLabel("Validation URL").fill("http://127.0.0.1:9/only-tried");
  const trial = page.getByRole("region", { name: "Try it" });
  await trial.getByLabel("User ID").fill("u-1");
  await trial.getByLabel("Session ID").fill("s-1");
  await page.keyboard.press("Enter");
  await trial.getByRole("status").waitFor();
  assert.equal((await instance()).sessionValidateUrl, sessionValidateUrl);
});

browserTest("[INS-3] meta.config is downloaded for a platform", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${DEMO}/service`);
  await page.getByText("iOS", { exact: true }).click();
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download meta.config" }).click();
  const download = await waiting;
  assert.equal(download.suggestedFilename(), "meta.config");
  const meta = JSON.parse(await Deno.readTextFile(await download.path()));
  assert.equal(meta.appKey, "demo_IOS");
  assert.equal(meta.workspaceId, "default");
});

browserTest("[INS-2] an instance is made, with signatures on, and one moves between instances", async () => {
  await using entered = await ui.enter("admin");
  const { page } = entered;
  await page.goto("/console/instances");
  await page.getByRole("button", { name: "New instance" }).click();
  await page.getByLabel("Name").fill("Shop, production");
  await page.getByLabel("Workspace").fill("no_underscore");
  await page.getByText("This does not fit the rule below").waitFor();
  await page.getByLabel("Workspace").fill("prod");
  await page.getByLabel("App ID").fill("SHOP");
  await page.getByText("Its instance ID will be prod_SHOP").waitFor();
  await page.getByRole("button", { name: "Create" }).click();
  await page.waitForURL(/\/i\/prod_SHOP\/service/);
  await page.getByText("Signatures are on").waitFor();
  await page.getByLabel("Switch instance").click();
  await page.locator(".ant-select-item").filter({ hasText: "default_demo" }).click();
  await page.waitForURL(/\/i\/default_demo\/service/);
  assert.deepEqual(entered.problems, []);
});

browserTest("[INS-2] one moves to any of many instances, by a part of its name", async () => {
  const { databaseUrl, services } = ui.server;
  const sql = openSql(databaseUrl, { max: 1 });
  await sql`insert into instance (id, workspace_id, app_id, name, epoch, created_at)
    select 'aa_' || n, 'aa', n::text, 'Shop ' || n, gen_random_uuid()::text, 1 from generate_series(1000, 1250) n`;
  await sql.end();
  await services.catalog.refresh();
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto("/console/i/aa_1000/configs");
  await page.getByLabel("Switch instance").click();
  await page.getByLabel("Switch instance").fill("shop 1250");
  await page.locator(".ant-select-item").filter({ hasText: "aa_1250" }).click();
  await page.waitForURL(/\/i\/aa_1250\/configs/);
  assert.deepEqual(entered.problems, []);
});

browserTest("[CON-1] an operator is made with a one-time password, changed, and disabled", async () => {
  await using entered = await ui.enter("admin");
  const { page } = entered;
  await page.goto("/console/operators");
  await page.getByRole("button", { name: "New operator" }).click();
  await page.getByRole("dialog").getByLabel("Account").fill("zhang.min");
  await page.getByRole("radio", { name: /^Operator/ }).check();
  await page.getByRole("button", { name: "Create" }).click();
  const password = await waitForClipboardFreeText(page);
  assert.ok(password.length >= 12);
  await page.getByRole("combobox", { name: "Role: zhang.min" }).click();
  await page.locator(".ant-select-item").filter({ hasText: "Viewer" }).click();
  await page.getByText("Role changed").waitFor();
  await page.getByRole("button", { name: "Disable: zhang.min" }).click();
  await page.getByRole("tooltip").getByRole("button", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Enable" }).waitFor();
  const { items } = await (await ui.server.admin("GET", "/api/operators")).json();
  const made = items.find((one: { login: string }) => one.login === "zhang.min");
  assert.deepEqual([made.role, made.disabled], ["viewer", true]);
  assert.deepEqual(entered.problems, []);
});
