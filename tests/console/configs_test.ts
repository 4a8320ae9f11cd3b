import assert from "node:assert/strict";
import { browserTest, consoleTests, DEMO } from "./setup.ts";

const ui = consoleTests();

const read = async (bizType: string) =>
  await (await ui.server.admin("GET", `/api/instances/default_demo/configs/${bizType}`)).json();

browserTest("[CFG-1] a config is made in the browser with what the form asks for", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs`);
  await page.getByRole("link", { name: "New sync" }).click();
  await page.getByLabel("Sync ID", { exact: true }).fill("no spaces here");
  await page.getByText("This does not fit the rule below").waitFor();
  await page.getByLabel("Sync ID", { exact: true }).fill("ORDER-STATE");
  await page.getByLabel("Description").fill("State of an order");
  await page.getByText("Threshold", { exact: true }).click();
  await page.getByLabel("Re-push threshold").fill("5");
  await page.getByLabel("Kept for").fill("7");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { name: "ORDER-STATE" }).waitFor();
  const { createdAt: _c, updatedAt: _u, ...config } = await read("ORDER-STATE");
  assert.deepEqual(config, {
    bizType: "ORDER-STATE",
    description: "State of an order",
    scope: "single",
    target: "user",
    multiDevice: true,
    persistent: true,
    retentionDays: 7,
    threshold: 5,
    consistency: false,
    status: "online",
  });
  assert.deepEqual(entered.problems, []);
});

browserTest("[CFG-2] fields that mean nothing together are hidden, and the reason is told", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs/new`);
  const field = (name: string) => page.getByRole("switch", { name });
  await field("Multi-device sync").waitFor();
  await page.getByText("Device", { exact: true }).click();
  await page.getByText("Multi-device sync: the target is a single device.").waitFor();
  await page.getByText("User consistency: a device push has no user to confirm.").waitFor();
  assert.equal(await field("Multi-device sync").count(), 0);
  assert.equal(await field("User consistency").count(), 0);
  await field("Data persistence").click();
  await page.getByText("Re-push mode and threshold: nothing is stored", { exact: false }).waitFor();
  assert.equal(await page.getByText("Kept for", { exact: true }).count(), 0);
  await page.getByText("Global push", { exact: true }).click();
  await page.getByText("Data persistence: always on", { exact: false }).waitFor();
  assert.equal(await field("Data persistence").count(), 0);
  await page.getByLabel("Sync ID", { exact: true }).fill("HIDDEN-FIELDS");
  await page.getByLabel("Description").fill("Global, after the fields were hidden");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { name: "HIDDEN-FIELDS" }).waitFor();
  const { scope, target, persistent, threshold, consistency, multiDevice } = await read("HIDDEN-FIELDS");
  assert.deepEqual(
    { scope, target, persistent, threshold, consistency, multiDevice },
    { scope: "global", target: "device", persistent: true, threshold: null, consistency: false, multiDevice: true },
  );
});

browserTest("[CFG-3] what never changes is not asked for again; the rest is", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs/TRADE-RESULT/edit`);
  await page.getByLabel("Description").fill("Payments, changed");
  assert.equal(await page.getByLabel("Sync ID", { exact: true }).count(), 0);
  assert.equal(await page.getByText("Push scope").count(), 0);
  await page.getByRole("switch", { name: "User consistency" }).click();
  await page.getByText("This instance has no validation URL: nothing would be sent.").waitFor();
  await page.getByRole("switch", { name: "User consistency" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "TRADE-RESULT", exact: true }).waitFor();
  assert.equal((await read("TRADE-RESULT")).description, "Payments, changed");
});

browserTest("[CFG-1] a description typed or pasted in several lines is taken as one", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs/DEVICE-LOCK/edit`);
  await page.getByLabel("Description").fill("Locks one device\nand unlocks it");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "DEVICE-LOCK", exact: true }).waitFor();
  assert.equal((await read("DEVICE-LOCK")).description, "Locks one device and unlocks it");
});

browserTest("[CFG-3] what somebody else changed while a form was open stays as they left it", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs/TRADE-RESULT/edit`);
  await page.getByLabel("Description").fill("Payments, by one");
  await ui.server.admin("PATCH", "/api/instances/default_demo/configs/TRADE-RESULT", { retentionDays: 7 });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "TRADE-RESULT", exact: true }).waitFor();
  const { description, retentionDays } = await read("TRADE-RESULT");
  assert.deepEqual([description, retentionDays], ["Payments, by one", 7]);
});

browserTest("[CFG-4] offline asks first and says what it stops; online again resumes", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs`);
  await page.getByRole("button", { name: "Go offline: UCHAT" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("new pushes are refused with BIZ_NOT_ONLINE", { exact: false }).waitFor();
  await dialog.getByText("nothing of this config is sent to anyone", { exact: false }).waitFor();
  assert.equal((await read("UCHAT")).status, "online");
  await dialog.getByRole("button", { name: "Go offline" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Go online: UCHAT" }).waitFor();
  assert.equal((await ui.server.push()).msg, "BIZ_NOT_ONLINE");
  await page.getByRole("button", { name: "Go online: UCHAT" }).click();
  await dialog.getByRole("button", { name: "Go online" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Go offline: UCHAT" }).waitFor();
  assert.equal((await ui.server.push()).success, true);
});

browserTest("[CFG-5] only an offline config can be deleted, after its name was typed", async () => {
  await ui.server.admin("POST", "/api/instances/default_demo/configs", {
    bizType: "SHORT-LIVED",
    description: "to be deleted",
    scope: "single",
    target: "user",
  });
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs/SHORT-LIVED`);
  assert.equal(await page.getByRole("button", { name: "Delete" }).isDisabled(), true);
  await page.getByRole("button", { name: "Go offline: SHORT-LIVED" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Go offline" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Delete" }).and(page.locator(":enabled")).click();
  const dialog = page.getByRole("dialog", { name: "Delete SHORT-LIVED?" });
  const confirm = dialog.getByRole("button", { name: "Delete" });
  assert.equal(await confirm.isDisabled(), true);
  await dialog.getByLabel("Type SHORT-LIVED to confirm").fill("SHORT-LIVED");
  await confirm.click();
  await page.waitForURL(/\/configs$/);
  const gone = await ui.server.admin("GET", "/api/instances/default_demo/configs/SHORT-LIVED");
  assert.equal(gone.status, 404);
  await gone.body?.cancel();
});

browserTest("[CON-2] the address holds search and state, and the list follows it", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${DEMO}/configs?q=lock`);
  await page.getByRole("link", { name: "DEVICE-LOCK" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "UCHAT", exact: true }).count(), 0);
  await page.getByPlaceholder("Sync ID or description").fill("no such config");
  await page.getByText("Nothing matches these filters").waitFor();
  assert.match(page.url(), /q=no\+such\+config/);
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await page.getByRole("link", { name: "UCHAT", exact: true }).waitFor();
});

browserTest("[CON-2] a config that does not exist is told as such", async () => {
  await using entered = await ui.enter("viewer");
  await entered.page.goto(`${DEMO}/configs/NO-SUCH`);
  await entered.page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await entered.page.getByText("There is no such config.").waitFor();
});

browserTest(
  "[CFG-2] what does not fit what somebody else changed meanwhile is refused at its field, or goes with it",
  async () => {
    const path = "/api/instances/default_demo/configs";
    const config = { bizType: "BOTH-CHANGE", description: "Two at once", scope: "single", target: "device" };
    await ui.server.admin("POST", path, config);
    await using entered = await ui.enter("operator");
    const { page } = entered;
    await page.goto(`${DEMO}/configs/BOTH-CHANGE/edit`);
    await page.getByText("Threshold", { exact: true }).click();
    await ui.server.admin("PATCH", `${path}/BOTH-CHANGE`, { persistent: false });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("threshold", { exact: false }).and(page.locator(".ant-form-item-explain-error")).waitFor();
    await ui.server.admin("PATCH", `${path}/BOTH-CHANGE`, { persistent: true });
    await page.reload();
    await page.getByRole("switch", { name: "Data persistence" }).click();
    await ui.server.admin("PATCH", `${path}/BOTH-CHANGE`, { threshold: 5 });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "BOTH-CHANGE", exact: true }).waitFor();
    const { persistent, threshold } = await read("BOTH-CHANGE");
    assert.deepEqual([persistent, threshold], [false, null]);
  },
);
