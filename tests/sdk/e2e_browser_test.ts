import assert from "node:assert/strict";
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { chatWorld, status, texts } from "./support/chat_page.ts";
import { until } from "./support/until.ts";

const say = (text: string) => JSON.stringify({ from: "bob", text });
const connected = (page: Page) => until("connected", async () => await status(page) === "connected", 20_000);
const shows = (page: Page, count: number) =>
  until(`${count} messages`, async () => (await texts(page)).length >= count, 20_000);

Deno.test("[SDK-5] browser: receives live, and after a reload neither loses nor repeats; the screenshot shows a chat", async () => {
  await using world = await chatWorld();
  const { server } = world;
  await server.push({ linkToken: "alice", payload: say("before") });
  const page = await world.open("one");
  await connected(page);
  // As the README's curl does: no message of this chat.
  await server.push({ linkToken: "alice", payload: "live" });
  await page.fill("#text", "Hello Bob");
  await page.click("button");
  await shows(page, 3);
  const databases = await page.evaluate(() => {
    const { indexedDB } = globalThis as unknown as { indexedDB: { databases(): Promise<{ name: string }[]> } };
    return indexedDB.databases();
  });
  await page.reload();
  await connected(page);
  await server.push({ linkToken: "alice", payload: say("after the reload") });
  await shows(page, 4);
  assert.deepEqual(await texts(page), ["before", "live", "Hello Bob", "after the reload"]);
  assert.match(databases.map((d) => d.name).join(), /^syncline-default_demo-[0-9a-f-]{36}$/);
  await page.goto("about:blank");
  await server.push({ linkToken: "alice", payload: say("while away") });
  const again = await world.open("one");
  await shows(again, 5);
  assert.deepEqual((await texts(again)).at(-1), "while away");
  const folder = Deno.env.get("SCREENSHOTS");
  if (folder) await again.screenshot({ path: `${folder}/chat.png` });
  assert.deepEqual(world.problems, []);
});

Deno.test("[SDK-5] browser: two people in two windows of one browser write to each other, as the README says", async () => {
  await using world = await chatWorld();
  const alice = await world.open("one", "?me=alice");
  const bob = await world.open("one", "?me=bob");
  await connected(alice);
  await connected(bob);
  for (const [page, text] of [[alice, "Hello Bob"], [bob, "Hello Alice"]] as const) {
    await page.fill("#text", text);
    await page.click("button");
    await until(
      "both to show it",
      async () => (await texts(alice)).includes(text) && (await texts(bob)).includes(text),
    );
  }
  assert.deepEqual(await texts(alice), ["Hello Bob", "Hello Alice"]);
  assert.deepEqual(await texts(bob), ["Hello Bob", "Hello Alice"]);
});

Deno.test("[SDK-6] browser: offline and online by the browser's own switch", async () => {
  await using world = await chatWorld();
  const page = await world.open("one");
  await connected(page);
  await world.setOffline("one", true);
  await until("offline", async () => await status(page) !== "connected", 20_000);
  await world.server.push({ linkToken: "alice", payload: say("missed") });
  await world.setOffline("one", false);
  await shows(page, 1);
  assert.equal(await status(page), "connected");
  assert.deepEqual(await texts(page), ["missed"]);
});

Deno.test("[SDK-6] browser: a hidden page closes its connection, a visible one catches up", async () => {
  await using world = await chatWorld();
  const page = await world.open("one");
  await connected(page);
  await show(page, "hidden");
  await until("background", async () => await status(page) === "background");
  await until(
    "not online",
    async () => (await world.server.push({ linkToken: "alice", payload: say("m") })).msg === "NOT_ONLINE",
  );
  await show(page, "visible");
  await shows(page, 1);
  assert.equal(await status(page), "connected");
});

Deno.test("[SDK-7] browser: 2,000 messages of catch-up in order, without a frozen page", async () => {
  await using world = await chatWorld();
  const sent = Array.from({ length: 2000 }, (_, i) => `n-${i}`);
  for (const text of sent) {
    assert.equal((await world.server.push({ linkToken: "alice", payload: say(text) })).success, true);
  }
  const page = await world.open("one", "?me=nobody");
  await page.goto(world.url + "/?me=alice");
  // How many messages appeared between two turns in which the page could do anything else.
  const most = await page.evaluate((all) => {
    const { document } = globalThis as unknown as { document: { querySelectorAll(s: string): { length: number } } };
    const count = () => document.querySelectorAll("#messages li").length;
    return new Promise<number>((resolve) => {
      let most = 0, before = count();
      const turn = () => {
        const now = count();
        most = Math.max(most, now - before);
        before = now;
        if (now >= all) resolve(most);
        else setTimeout(turn, 0);
      };
      turn();
    });
  }, sent.length);
  assert.deepEqual(await texts(page), sent);
  assert.ok(most <= 400, `${most} messages in one go`);
});

Deno.test("[SDK-5] browser: two tabs share one installation; nothing doubled, nothing lost, whoever leads", async () => {
  await using world = await chatWorld();
  const { server } = world;
  const one = await world.open("one");
  await connected(one);
  const two = await world.open("one");
  await until("standby", async () => await status(two) === "standby");
  for (const n of [1, 2, 3]) await server.push({ linkToken: "alice", payload: say(`m-${n}`) });
  await shows(one, 3);
  // The tab in front takes over when the leader goes to the background, …
  await show(one, "hidden");
  await connected(two);
  await server.push({ linkToken: "alice", payload: say("m-4") });
  await shows(two, 1);
  // … and when it is closed.
  await show(one, "visible");
  await two.close();
  await connected(one);
  await server.push({ linkToken: "alice", payload: say("m-5") });
  await until("the last", async () => (await texts(one)).includes("m-5"));
  const list = await (await server.admin("GET", "/api/instances/default_demo/users/alice")).json();
  assert.equal(list.sessions.length, 1);
  assert.deepEqual(await texts(one), ["m-1", "m-2", "m-3", "m-5"]);
});

Deno.test("[SDK-5] browser: IndexedDbStore keeps every promise of the contract on a real database", async () => {
  await using world = await chatWorld();
  const page = await world.open("one", "?me=nobody");
  await page.addScriptTag({ content: await contractScript() });
  const results = await page.evaluate(() => (globalThis as unknown as { contract(): Promise<string[]> }).contract());
  assert.ok(results.length >= 7, `${results.length} promises`);
  assert.deepEqual(results.filter((line) => !line.endsWith(": kept")), []);
});

/** The contract that all stores pass, as a script for a page. */
async function contractScript(): Promise<string> {
  const shim = `export default {
    ok: (value, text) => { if (!value) throw new Error(text ?? "not ok"); },
    equal: (a, b) => { if (a !== b) throw new Error(a + " is not " + b); },
    deepEqual: (a, b) => { if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(JSON.stringify([a, b])); },
    rejects: (work) => work.then(() => { throw new Error("not rejected"); }, () => {}),
  };`;
  const contents = `
    import { storeContract } from "./tests/sdk/store_contract.ts";
    import { IndexedDbStore } from "./sdk/stores/indexed_db.ts";
    const tests = [];
    let made = 0;
    globalThis.Deno = { test: (name, run) => tests.push({ name, run }) };
    storeContract("IndexedDbStore", () => {
      const n = ++made;
      const open = (name) => new IndexedDbStore(name + n);
      return { open: () => open("one"), openOther: () => open("other"), durable: true, fenced: true };
    });
    globalThis.contract = async () => {
      const results = [];
      for (const { name, run } of tests) {
        results.push(name + ": " + await run().then(() => "kept", (error) => String(error)));
      }
      return results;
    };`;
  const { outputFiles } = await esbuild.build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("../..", import.meta.url)), loader: "js" },
    bundle: true,
    write: false,
    format: "iife",
    plugins: [{
      name: "assert",
      setup(build) {
        build.onResolve({ filter: /^node:assert/ }, () => ({ path: "assert", namespace: "shim" }));
        build.onLoad({ filter: /.*/, namespace: "shim" }, () => ({ contents: shim }));
      },
    }],
  });
  return outputFiles[0]!.text;
}

/** Headless pages are always visible; this is what a browser tells a page, no more. */
async function show(page: Page, state: "visible" | "hidden"): Promise<void> {
  await page.evaluate((state) => {
    const { document } = globalThis as unknown as { document: EventTarget };
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}
