import assert from "node:assert/strict";
import { DEMO_DEVICE, DEMO_INSTANCE, DEMO_USER, fillDemoData } from "./demo_data.ts";
import { browserTest, consoleTests } from "./setup.ts";

const ui = consoleTests();
const PAGES = `/console/i/${DEMO_INSTANCE}`;

Deno.test.beforeAll(async () => {
  await fillDemoData(ui.server.databaseUrl, 800);
  await ui.server.services.catalog.refresh();
});

browserTest("[DLV-6] dead letters tell the reason, and are filtered by it", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${PAGES}/deadletters?user=${DEMO_USER}`);
  await page.getByRole("link", { name: "trade-88119" }).waitFor();
  await page.getByRole("link", { name: "bal-7710" }).waitFor();
  await page.goto(`${PAGES}/deadletters?user=${DEMO_USER}&reason=threshold`);
  await page.getByRole("link", { name: "bal-7710" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "trade-88119" }).count(), 0);
  assert.equal(await page.getByRole("link", { name: /^Send again/ }).count(), 0);
});

browserTest("[DLV-6] send again is a new push with a new unique id", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${PAGES}/deadletters`);
  await page.getByRole("link", { name: "Send again: trade-88119" }).click();
  await page.getByText("Taken over from trade-88119.", { exact: false }).waitFor();
  assert.equal(await page.getByLabel("User ID").inputValue(), DEMO_USER);
  assert.match(await page.getByLabel("Content", { exact: true }).inputValue(), /T-88121/);
  const id = await page.getByLabel("Unique ID").inputValue();
  assert.match(id, /^console-/);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("status").getByText("NOT_ONLINE").waitFor();
  const query = `userId=${DEMO_USER}&bizType=TRADE-RESULT`;
  const answer = await ui.server.admin("GET", `/api/instances/${DEMO_INSTANCE}/pushes?${query}`);
  const { items } = await answer.json();
  assert.equal(items[0].thirdMsgId, id);
  assert.ok(items.some((item: { thirdMsgId: string }) => item.thirdMsgId === "trade-88119"));
});

browserTest("[CON-4] a lost push is traced from the user to the reason", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${PAGES}/status`);
  await page.getByLabel("User ID").fill(DEMO_USER);
  await page.keyboard.press("Enter");
  await page.getByText("Connected", { exact: true }).waitFor();
  const states = ["Pending", "Sent", "Filtered", "Expired", "Discarded", "Arrived", "Over threshold"];
  const list = page.getByRole("table").last();
  for (const state of states) await list.getByText(state, { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "Details: trade-88119" }).click();
  await page.getByRole("dialog").getByText(`Given up for ${DEMO_DEVICE}`).waitFor();
  await page.getByRole("dialog").getByText("6 retries").waitFor();
  assert.deepEqual(entered.problems, []);
});

browserTest("[CON-2] long lists are paged by the server; the address holds the page, and back goes back", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${PAGES}/status?kind=all`);
  const first = await page.getByRole("button", { name: /^Details: m-/ }).first().getAttribute("aria-label");
  assert.ok(first);
  await page.getByRole("button", { name: "Next page" }).click();
  await page.getByText("Page 2").waitFor();
  await page.getByRole("button", { name: first }).waitFor({ state: "hidden" });
  const second = page.url();
  assert.match(second, /after=/);
  await page.getByRole("button", { name: "Previous page" }).click();
  await page.getByText("Page 1").waitFor();
  await page.getByRole("button", { name: first }).waitFor();
  await page.goto(second);
  await page.getByText("Page 2").waitFor();
  await page.getByRole("button", { name: first }).waitFor({ state: "hidden" });
});

browserTest("[CON-2] the page before is the page before, also after a push was looked at", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  await page.goto(`${PAGES}/status?kind=all`);
  for (const next of [2, 3]) {
    await page.getByRole("button", { name: "Next page" }).click();
    await page.getByText(`Page ${next}`).waitFor();
  }
  await page.getByRole("button", { name: /^Details: m-/ }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  for (const before of [2, 1]) {
    await page.getByRole("button", { name: "Previous page" }).click();
    await page.getByText(`Page ${before}`).waitFor();
  }
});

browserTest(
  "[STA-2] the overview shows the numbers as pictures and as tables, and what passes leads to its push",
  async () => {
    await using entered = await ui.enter("viewer");
    const { page } = entered;
    await page.goto(`${PAGES}/overview`);
    await page.getByText("7 days", { exact: true }).click();
    assert.match(page.url(), /span=week/);
    await page.getByRole("img", { name: "Chart: Pushes and arrivals" }).waitFor();
    await page.getByRole("button", { name: "Show as a table: Pushes and arrivals" }).click();
    await page.getByRole("columnheader", { name: "Discarded" }).first().waitFor();
    await page.getByRole("link", { name: "chat-5534" }).click();
    await page.getByRole("dialog", { name: "What became of this push" }).waitFor();
    assert.deepEqual(entered.problems, []);
  },
);
