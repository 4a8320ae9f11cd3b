import assert from "node:assert/strict";
import { browserTest, consoleTests, DEMO } from "./setup.ts";

const ui = consoleTests();

browserTest("[REC-2] a change is shown with its whole object, old beside new, what changed in red", async () => {
  await ui.server.admin("PATCH", "/api/instances/default_demo/configs/UCHAT", { description: "Chat, new words" });
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${DEMO}/records`);
  await page.getByRole("button", { name: "Details: Config changed UCHAT" }).click();
  const dialog = page.getByRole("dialog", { name: "Record" });
  await dialog.getByText("1 field changed").waitFor();
  const changed = dialog.locator("tr.changed");
  assert.equal(await changed.count(), 1);
  assert.match(await changed.locator("del").innerText(), /Chat messages/);
  assert.equal(await changed.locator("ins").innerText(), "Chat, new words");
  const color = await page.evaluate<string>("getComputedStyle(document.querySelector('tr.changed ins')).color");
  const [red = 0, green = 0, blue = 0] = color.match(/\d+/g)?.map(Number) ?? [];
  assert.ok(red > 120 && red > 3 * green && red > 3 * blue, color);
  await dialog.getByText("retentionDays").waitFor();
  assert.match(page.url(), /record=\d+/);
  assert.deepEqual(entered.problems, []);
});

browserTest("[REC-2] records are filtered by operator, action and date", async () => {
  await using operator = await ui.enter("operator");
  await operator.page.goto(`${DEMO}/configs/DEVICE-LOCK`);
  await operator.page.getByRole("button", { name: "Go offline: DEVICE-LOCK" }).click();
  await operator.page.getByRole("dialog").getByRole("button", { name: "Go offline" }).click();
  await operator.page.getByText("DEVICE-LOCK is offline").waitFor();
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${DEMO}/records?operator=operator-1`);
  await page.getByRole("cell", { name: "Config taken offline", exact: true }).waitFor();
  assert.equal(await page.getByRole("cell", { name: "demo", exact: true }).count(), 0);
  await page.goto(`${DEMO}/records?action=config.created`);
  await page.getByRole("cell", { name: "Config created", exact: true }).first().waitFor();
  assert.equal(await page.getByRole("cell", { name: "Config taken offline", exact: true }).count(), 0);
  await page.goto(`${DEMO}/records?from=2001-01-01&to=2001-01-31`);
  await page.getByText("Nothing matches these filters").waitFor();
  await page.goto(`${DEMO}/records`);
  await page.getByText("Without a date: the last 7 days").waitFor();
});

browserTest("[REC-1] what was done to operators is recorded, and shown to administrators", async () => {
  await using entered = await ui.enter("admin");
  const { page } = entered;
  await page.goto(`${DEMO}/records`);
  await page.locator(".ant-segmented-item").filter({ hasText: "Operators" }).click();
  await page.getByRole("cell", { name: "Operator created", exact: true }).first().waitFor();
});
