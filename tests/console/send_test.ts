import assert from "node:assert/strict";
import { RawClient } from "../support/client.ts";
import { browserTest, consoleTests, DEMO } from "./setup.ts";

const ui = consoleTests();

/** The pushes of the demo instance that carry this unique id. */
const pushesOf = async (thirdMsgId: string) => {
  const answer = await ui.server.admin("GET", `/api/instances/default_demo/pushes?thirdMsgId=${thirdMsgId}`);
  return (await answer.json()).items;
};

browserTest("[CON-3] each field is judged while it is typed", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/send?biz=UCHAT`);
  await page.getByLabel("User ID").fill("x".repeat(101));
  await page.getByText("User ID: at most 100 characters").waitFor();
  await page.getByLabel("Content", { exact: true }).fill("é".repeat(4097));
  await page.getByText("Content: at most 4096 characters").waitFor();
  await page.getByText("4097 / 4096").waitFor();
  await page.getByLabel("Content", { exact: true }).fill('{"a":1}');
  await page.getByText("Valid JSON").waitFor();
  await page.getByText("Binary (base64)").click();
  await page.getByText("Not base64", { exact: false }).waitFor();
  await page.getByText("Text", { exact: true }).click();
  await page.getByLabel("Lowest app version").fill("two");
  await page.getByText("Numbers with dots, like 2.10.0").waitFor();
  await page.getByLabel("Lowest app version").fill("2.10");
  await page.getByLabel("Highest app version").fill("2.9.9");
  await page.getByText("The lowest is above the highest").first().waitFor();
  await page.getByLabel("Valid for").fill("31");
  await page.getByLabel("Unique ID").fill("");
  await page.getByText("Unique ID is required").waitFor();
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByLabel("User ID").and(page.locator("[aria-invalid=true]")).waitFor();
  assert.equal(await page.getByRole("status").filter({ hasText: "Answer" }).count(), 0);
  assert.deepEqual(entered.problems, []);
});

browserTest(
  "[CON-3] data is sent to a user who is not connected, the answer is explained, and leads to the push",
  async () => {
    await using entered = await ui.enter("operator");
    const { page } = entered;
    await page.goto(`${DEMO}/send`);
    await page.getByLabel("Sync ID").click();
    await page.getByRole("option").or(page.locator(".ant-select-item")).filter({ hasText: "TRADE-RESULT" }).first()
      .click();
    await page.getByLabel("User ID").fill("u-send");
    await page.getByLabel("Content", { exact: true }).fill("paid");
    const id = await page.getByLabel("Unique ID").inputValue();
    assert.match(id, /^console-[0-9a-f-]{36}$/);
    await page.getByLabel("Lowest app version").fill("1.2");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    const answer = page.getByRole("status").filter({ hasText: "Answer" });
    await answer.getByText("NOT_ONLINE").waitFor();
    await answer.getByText("It is kept and goes out when they connect.", { exact: false }).waitFor();
    const [push] = await pushesOf(id);
    assert.equal(push.owner, "u-send");
    assert.equal(push.appMinVersion, "1.2");
    assert.notEqual(await page.getByLabel("Unique ID").inputValue(), id);
    await answer.getByRole("link", { name: "Follow this push" }).click();
    await page.getByRole("heading", { name: "Data query" }).waitFor();
    await page.getByRole("button", { name: `Details: ${id}` }).click();
    await page.getByRole("dialog").getByText("Waits for its receiver to connect", { exact: false }).first().waitFor();
  },
);

browserTest("[CON-3] the same unique id again is told as such", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/send?biz=UCHAT`);
  for (const code of ["NOT_ONLINE", "DUPLICATED_BIZ_ID"]) {
    await page.getByLabel("User ID").fill("u-twice");
    await page.getByLabel("Content", { exact: true }).fill("once");
    await page.getByLabel("Unique ID").fill("twice-1");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByRole("status").getByText(code).waitFor();
  }
  await page.getByText("A push with this unique ID was accepted before.", { exact: false }).waitFor();
});

browserTest("[CON-3] a global config asks for no id, and reaches a client at its next foreground", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/send?biz=GLOBAL-SDK-CONFIG`);
  await page.getByText("A global push: everybody gets it at the next foreground.").waitFor();
  assert.equal(await page.getByLabel("Device ID").count(), 0);
  await page.getByLabel("Content", { exact: true }).fill("switches");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("Stored. Each client gets it at its next foreground.").waitFor();
});

browserTest("[CON-4] a push to a connected user is followed from accepted to arrived", async () => {
  await using client = await RawClient.connect(ui.server, {
    deviceId: "d-trace",
    user: { userId: "u-trace", sessionId: "s-1", points: [] },
  });
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/send?biz=UCHAT`);
  await page.getByLabel("User ID").fill("u-trace");
  await page.getByLabel("Content", { exact: true }).fill("follow me");
  await page.getByLabel("Unique ID").fill("trace-1");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("status").getByText("SUCCESS").waitFor();
  await client.until(() => client.frames.some((frame) => frame.type === "sync"));
  client.send({ type: "ack", scope: "user", biz: "UCHAT", id: 1 });
  await page.getByRole("link", { name: "Follow this push" }).click();
  await page.getByText("Connected", { exact: true }).waitFor();
  await page.getByText("d-trace").first().waitFor();
  await page.getByRole("button", { name: "Details: trace-1" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Arrived on d-trace").waitFor();
  await dialog.getByText("follow me").waitFor();
  assert.match(page.url(), /push=UCHAT\.1/);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.doesNotMatch(page.url(), /push=/);
  assert.deepEqual(entered.problems, []);
});

browserTest("[CON-4] an operator closes the connections of a user", async () => {
  await using client = await RawClient.connect(ui.server, {
    deviceId: "d-kick",
    user: { userId: "u-kick", sessionId: "s-1", points: [] },
  });
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/status?kind=device&id=d-kick`);
  await page.getByText("u-kick").waitFor();
  await page.getByRole("button", { name: "Close connections" }).click();
  await page.getByRole("tooltip").getByRole("button", { name: "Close connections" }).click();
  await client.until(() => client.closed !== null);
  assert.equal(client.closed?.code, 4403);
  await page.getByText("1 connection closed").waitFor();
  await page.getByText("Not connected").waitFor();
});

browserTest("[CON-3] Enter chooses no config that was not searched for, however slow the search is", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/send`);
  const select = page.getByLabel("Sync ID");
  await select.click();
  await page.locator(".ant-select-item").filter({ hasText: "DEVICE-LOCK" }).waitFor();
  await page.route("**/configs?*q=*", () => {}); // never answered
  await select.fill("TRADE");
  await page.locator(".ant-select-item").filter({ hasText: "DEVICE-LOCK" }).waitFor({ state: "detached" });
  await select.press("Enter");
  await page.locator(".ant-select").filter({ hasText: "TRADE-RESULT" }).waitFor();
});

for (const id of [".", ".."]) {
  browserTest(`[CON-4] a device called ${id} can be looked at and its connection closed`, async () => {
    await using client = await RawClient.connect(ui.server, { deviceId: id });
    await using entered = await ui.enter("operator");
    const { page } = entered;
    await page.goto(`${DEMO}/status?kind=device&id=${id}`);
    await page.getByRole("button", { name: "Close connections" }).click();
    await page.getByRole("tooltip").getByRole("button", { name: "Close connections" }).click();
    await client.until(() => client.closed !== null);
    assert.equal(client.closed?.code, 4403);
    assert.deepEqual(entered.problems, []);
  });
}

browserTest("[CON-3] the same again goes to the same owner and the same system, whatever they are called", async () => {
  const earlier = { bizType: "UCHAT", linkToken: " u again ", thirdMsgId: "again-1", payload: "p", osType: "web" };
  await ui.server.admin("POST", "/api/instances/default_demo/pushes", earlier);
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/send?biz=UCHAT&again=1&owner=${encodeURIComponent(earlier.linkToken)}`);
  await page.getByText("Taken over from again-1", { exact: false }).waitFor();
  const id = await page.getByLabel("Unique ID").inputValue();
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("status").getByText("NOT_ONLINE").waitFor();
  const [push] = await pushesOf(id);
  assert.deepEqual([push.owner, push.osType], [earlier.linkToken, "web"]);
});

browserTest("[CON-3] a unique id that was pasted with blanks is followed all the same", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/send?biz=UCHAT`);
  await page.getByLabel("User ID").fill("u-follow");
  await page.getByLabel("Content", { exact: true }).fill("x");
  await page.getByLabel("Unique ID").fill("pasted-1 ");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("link", { name: "Follow this push" }).click();
  await page.getByRole("button", { name: "Details: pasted-1", exact: true }).waitFor();
});

browserTest("[CON-3] an answer that comes when another config is chosen already is explained by its own", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/send?biz=UCHAT`);
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  await page.route("**/default_demo/pushes", async (route) => {
    await answered;
    await route.continue();
  });
  await page.getByLabel("User ID").fill("u-hasty");
  await page.getByLabel("Content", { exact: true }).fill("first");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByLabel("Sync ID").click();
  await page.locator(".ant-select-item").filter({ hasText: "DEVICE-LOCK" }).first().click();
  await page.getByLabel("Device ID").waitFor();
  resolve();
  const link = page.getByRole("link", { name: "Follow this push" });
  assert.match(await link.getAttribute("href") ?? "", /status\?kind=user&id=u-hasty&biz=UCHAT&/);
});
