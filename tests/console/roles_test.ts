import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Role } from "../../db/operators.ts";
import { settled } from "./browser.ts";
import { browserTest, consoleTests, DEMO } from "./setup.ts";

const ui = consoleTests();

/** What a page offers to those who may change something: which role sees it. */
const OFFERS: { path: string; what: string; find: (page: Page) => ReturnType<Page["getByRole"]>; from: Role }[] = [
  {
    path: `${DEMO}/configs`,
    what: "new config",
    find: (page) => page.getByRole("link", { name: "New sync" }),
    from: "operator",
  },
  {
    path: `${DEMO}/configs`,
    what: "offline",
    find: (page) => page.getByRole("button", { name: "Go offline: UCHAT" }),
    from: "operator",
  },
  {
    path: `${DEMO}/configs/UCHAT`,
    what: "edit",
    find: (page) => page.getByRole("link", { name: "Edit", exact: true }),
    from: "operator",
  },
  {
    path: `${DEMO}/send?biz=UCHAT`,
    what: "send",
    find: (page) => page.getByRole("button", { name: "Send", exact: true }),
    from: "operator",
  },
  {
    path: `${DEMO}/service`,
    what: "signature switch",
    find: (page) => page.getByRole("button", { name: "Turn signatures on" }),
    from: "admin",
  },
  {
    path: `${DEMO}/service`,
    what: "new secret",
    find: (page) => page.getByRole("button", { name: "New secret: App secret" }),
    from: "admin",
  },
  {
    path: "/console/instances",
    what: "new instance",
    find: (page) => page.getByRole("button", { name: "New instance" }),
    from: "admin",
  },
  {
    path: "/console/operators",
    what: "new operator",
    find: (page) => page.getByRole("button", { name: "New operator" }),
    from: "admin",
  },
];
const ROLES: Role[] = ["viewer", "operator", "admin"];

for (const role of ROLES) {
  browserTest(`[CON-1] the role ${role} is offered what it may do, and nothing else`, async () => {
    await using entered = await ui.enter(role);
    const { page } = entered;
    for (const { path, what, find, from } of OFFERS) {
      if (new URL(page.url()).pathname !== path.split("?")[0]) await page.goto(path);
      await settled(page);
      const expected = ROLES.indexOf(role) >= ROLES.indexOf(from);
      if (expected) await find(page).waitFor();
      else assert.equal(await find(page).count(), 0, `${role} must not be offered: ${what}`);
    }
    assert.deepEqual(entered.problems, []);
  });
}

browserTest("[CON-1] a page that a role may not use says which role may", async () => {
  await using entered = await ui.enter("viewer");
  const { page } = entered;
  for (const [path, role] of [["/console/operators", "Administrator"], [`${DEMO}/configs/new`, "Operator"]] as const) {
    await page.goto(path);
    await page.getByRole("heading", { name: "You may not see this" }).waitFor();
    await page.getByText(`This page is for the role ${role}.`, { exact: false }).waitFor();
  }
});

browserTest("[CON-1] an operator who is disabled is led to the login at the next step", async () => {
  const made = await (await ui.server.admin("POST", "/api/operators", { login: "leaver", role: "viewer" })).json();
  await using opened = await ui.open();
  const { page } = opened;
  await page.goto("/console/login");
  await page.getByLabel("Account").fill("leaver");
  await page.getByLabel("Password", { exact: true }).fill(made.password);
  await page.keyboard.press("Enter");
  await page.getByLabel("Current password").fill(made.password);
  await page.getByLabel("New password", { exact: true }).fill("gone by the evening");
  await page.getByLabel("New password, once more").fill("gone by the evening");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByRole("link", { name: "Demo" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await ui.server.admin("PATCH", `/api/operators/${made.operator.id}`, { disabled: true });
  // The page that is open asks for news by itself: that is its next step.
  await page.getByRole("heading", { name: "Log in" }).waitFor();
});

browserTest("[CON-1] what a role allowed before is not offered any more once it was refused", async () => {
  await using entered = await ui.enter("operator");
  const { page } = entered;
  await page.goto(`${DEMO}/configs`);
  await page.getByRole("button", { name: "Go offline: UCHAT" }).click();
  const { items } = await (await ui.server.admin("GET", "/api/operators")).json();
  const { id } = items.find((one: { login: string }) => one.login === "operator-1");
  await ui.server.admin("PATCH", `/api/operators/${id}`, { role: "viewer" });
  await page.getByRole("dialog").getByRole("button", { name: "Go offline" }).click();
  await page.getByText("Your role does not allow this", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Go offline: UCHAT" }).waitFor({ state: "hidden" });
  await ui.server.admin("PATCH", `/api/operators/${id}`, { role: "operator" });
});
