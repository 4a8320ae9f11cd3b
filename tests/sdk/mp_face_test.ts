import assert from "node:assert/strict";
import { MPFramework } from "../../sdk/mp_framework.ts";
import { createMPSync } from "../../sdk/mp_sync.ts";
import { ConnectionType, type SyncMessage, type SyncNotification } from "../../sdk/mp_types.ts";
import { acked, sync } from "./support/batches.ts";
import { testPlatform } from "./support/platform.ts";
import { SlowStore } from "./support/stores.ts";
import { until } from "./support/until.ts";
import { op } from "./support/wire.ts";

function mpsync() {
  const t = testPlatform();
  const problems: string[] = [];
  const sdk = createMPSync(t.platform);
  sdk.setup({ ...t.options, onProblem: (p) => problems.push(p.code) });
  MPFramework.create({});
  MPFramework.instance.userId = "";
  return { ...t, sdk, problems };
}

Deno.test("[SDK-2] SyncMessage: a JSON array as text; one report acknowledges all of it, also for a copy", async () => {
  const { sdk, connect } = mpsync();
  const messages: SyncMessage[] = [];
  sdk.registerBiz("LOCK", { onReceiveMessage: (m) => void messages.push(m), onReceiveCommand() {} });
  sdk.initialize();
  sdk.initialize();
  const wire = await connect();
  sync(wire, 0, [{ id: 1, pl: "text" }, { id: 2, pl: "AAH/", isB: true }]);
  wire.say({ type: "sync", batches: [{ scope: "device", biz: "LOCK", late: true, ops: [op(9)] }] });
  assert.deepEqual(messages.map((m) => ({ ...m, msgData: JSON.parse(m.msgData) })), [
    {
      userId: "",
      biz: "LOCK",
      msgData: [{ id: 1, mid: "m-1", pl: "text" }, { id: 2, mid: "m-2", pl: "AAH/", isB: true }],
    },
    { userId: "", biz: "LOCK", msgData: [{ id: 9, mid: "m-9", pl: "p-9", late: true }] },
  ]);
  sdk.reportMsgReceived(messages[0]!);
  await until("the ack", () => acked(wire) === 2);
  // As it comes back over a bridge between languages.
  sdk.reportMsgReceived(JSON.parse(JSON.stringify(messages[1])));
  await until("the ack of the late one", () => wire.last("ack")?.ids?.[0] === 9);
  await sdk.shutdown();
});

Deno.test("[SDK-1] updateUserInfo is false without user id or session id, and binds anew at each call; clearUserInfo unbinds", async () => {
  const { sdk, connect } = mpsync();
  assert.equal(sdk.updateUserInfo("s"), false);
  MPFramework.instance.userId = "u1";
  assert.equal(sdk.updateUserInfo(""), false);
  assert.equal(sdk.updateUserInfo("s1"), true);
  sdk.initialize();
  const wire = await connect();
  assert.deepEqual(wire.last("hello")?.user, { userId: "u1", sessionId: "s1", points: [] });
  assert.equal(sdk.updateUserInfo("s1"), true);
  assert.equal(wire.all("bind").length, 1);
  sdk.clearUserInfo();
  assert.equal(wire.all("unbind").length, 1);
  await sdk.shutdown();
});

Deno.test("[SDK-1] connection listeners hear types and reasons; connectStatus and isConnected follow", async () => {
  const { sdk, connect } = mpsync();
  const heard: string[] = [];
  const listener = {
    onConnectionStateChanged: (e: { getEventType(): ConnectionType; getExtras(): string }) =>
      heard.push(`${ConnectionType[e.getEventType()]} ${e.getExtras()}`.trim()),
  };
  sdk.addConnectionListener(listener);
  assert.equal(sdk.connectStatus(), ConnectionType.Unknown);
  sdk.initialize();
  const wire = await connect();
  assert.equal(await sdk.isConnected(), true);
  assert.equal(sdk.connectStatus(), ConnectionType.Connected);
  assert.match(sdk.getSyncDeviceId(), /^[0-9a-f]{32}$/);
  wire.cut(1006, "gone");
  assert.equal(await sdk.isConnected(), false);
  sdk.removeConnectionListener(listener);
  await connect();
  assert.deepEqual(heard, ["Connecting", "Connected", "Disconnected gone"]);
  await sdk.shutdown();
});

Deno.test("[SDK-8] iOS's names: observers by selector, the array under op, false where nothing can be registered", async () => {
  const { sdk, connect } = mpsync();
  const heard: string[] = [];
  class Observer {
    onSync(notification: SyncNotification) {
      heard.push(`${notification.name} ${JSON.parse(notification.userInfo.op).length}`);
      sdk.responseMessageNotify(notification.userInfo);
    }
  }
  const observer = new Observer(), other = {};
  assert.equal(sdk.registerSyncBizWithName("LOCK", observer, "onSync:"), true);
  assert.equal(sdk.registerSyncBizWithName("LOCK", observer, "noSuchMethod:"), false);
  assert.equal(sdk.registerSyncBizWithName("not a biz", observer, "onSync:"), false);
  assert.equal(sdk.registerSyncBizWithName("LOCK", other, () => heard.push("other")), true);
  assert.equal(sdk.unRegisterSyncBizWithName("LOCK", {}), false);
  assert.equal(sdk.unRegisterSyncBizWithName("LOCK", other), true);
  sdk.initSync();
  const wire = await connect();
  sync(wire, 0, [{ id: 1 }, { id: 2 }]);
  await until("the ack", () => acked(wire) === 2);
  sdk.removeSyncNotificationObserver(observer);
  sync(wire, 2, [{ id: 3 }]);
  assert.deepEqual(heard, ["LOCK 2"]);
  // Nobody observes any more: the message is kept, and acked once it is stored.
  await until("the ack of the kept one", () => acked(wire) === 3);
  await sdk.shutdown();
});

Deno.test("[SDK-8] bindUserWithSessionId: nothing is SESSION_DEMO; on a change of user it unbinds first", async () => {
  const { sdk, connect } = mpsync();
  MPFramework.instance.userId = "u1";
  sdk.initSync();
  const wire = await connect();
  sdk.bindUserWithSessionId(null);
  MPFramework.instance.userId = "u2";
  sdk.bindUserWithSessionId("s2");
  sdk.unBindUser();
  const said = wire.sent.filter((f) => f.type === "bind" || f.type === "unbind");
  assert.deepEqual(said.map((f) => f.type === "bind" ? `${f.userId} ${f.sessionId}` : "unbind"), [
    "u1 SESSION_DEMO",
    "unbind",
    "u2 s2",
    "unbind",
  ]);
  await sdk.shutdown();
});

Deno.test("[SDK-2] onReceiveCommand tells that a config is stopped; a callback that throws harms nothing", async () => {
  const { sdk, connect, problems } = mpsync();
  const commands: string[] = [];
  sdk.registerBiz("LOCK", {
    onReceiveMessage: () => {
      throw new Error("app");
    },
    onReceiveCommand: (c) => commands.push(`${c.biz} ${c.command}`),
  });
  sdk.initialize();
  const wire = await connect();
  wire.say({ type: "command", biz: "LOCK", command: "offline" });
  sync(wire, 0, [{ id: 1 }]);
  assert.deepEqual([commands, problems], [["LOCK offline"], ["callback"]]);
  assert.equal(await sdk.isConnected(), true);
  await sdk.shutdown();
});

Deno.test("[SDK-1] one listener or observer that throws keeps no other from hearing", async () => {
  const { sdk, connect, problems } = mpsync();
  const heard: string[] = [];
  const broken = () => {
    throw new Error("app");
  };
  sdk.addConnectionListener({ onConnectionStateChanged: broken });
  sdk.addConnectionListener({ onConnectionStateChanged: (e) => heard.push(ConnectionType[e.getEventType()]!) });
  sdk.registerBiz("LOCK", { onReceiveMessage: broken });
  sdk.registerSyncBizWithName("LOCK", {}, broken);
  sdk.registerSyncBizWithName("LOCK", {}, (n) => heard.push(n.userInfo.op));
  sdk.initialize();
  const wire = await connect();
  sync(wire, 0, [{ id: 1 }]);
  assert.deepEqual(heard.map((h) => h[0] === "[" ? JSON.parse(h).length : h), ["Connecting", "Connected", 1]);
  assert.deepEqual(problems, ["callback", "callback", "callback", "callback"]);
  await sdk.shutdown();
});

Deno.test("[SDK-5] an error listener that throws ends nothing: what is reported is acked, and stored later", async () => {
  const uncaught: string[] = [];
  const note = (event: ErrorEvent) => {
    event.preventDefault();
    uncaught.push(event.error.message);
  };
  globalThis.addEventListener("error", note);
  const t = testPlatform(), store = new SlowStore(), sdk = createMPSync(t.platform);
  sdk.setup({
    ...t.options,
    store,
    onProblem() {
      throw new Error("the app's");
    },
  });
  sdk.registerBiz("LOCK", { onReceiveMessage: (m) => sdk.reportMsgReceived(m) });
  sdk.initialize();
  const wire = await t.connect();
  await until("the epoch to be stored", async () => (await store.load()).get("installation")?.includes("e-1") ?? false);
  store.refuse = new Error("full");
  sync(wire, 0, [{ id: 1 }]);
  await until("the ack", () => acked(wire) === 1);
  await until("the app's own error", () => uncaught.length === 1);
  store.refuse = null;
  sync(wire, 1, [{ id: 2 }]);
  await until("the next ack", () => acked(wire) === 2);
  await sdk.shutdown();
  globalThis.removeEventListener("error", note);
  assert.deepEqual([uncaught, JSON.parse((await store.load()).get("s/device/LOCK/")!).point], [["the app's"], 2]);
});

Deno.test("[SDK-1] [SDK-8] the README's table has no empty cell, every method of the original, and only counterparts that exist", async () => {
  const readme = await Deno.readTextFile(new URL("../../sdk/README.md", import.meta.url));
  const table = readme.slice(readme.indexOf("| Android ")).split("\n\n")[0]!;
  const rows = table.trim().split("\n").map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
  assert.ok(rows.every((cells) => cells.length === 4 && cells.every((cell) => cell.length > 0)), "an empty cell");
  const originals = [
    "setup initialize appToForeground appToBackground updateUserInfo clearUserInfo registerBiz unregisterBiz",
    "reportMsgReceived isConnected addConnectionListener removeConnectionListener onConnectionStateChanged",
    "getEventType getExtras onReceiveMessage onReceiveCommand MPFramework.instance.userId addConectionListener",
    "initSync connectStatus registerSyncBizWithName:syncObserver:selector: unRegisterSyncBizWithName:syncObserver:",
    "removeSyncNotificationObserver: responseMessageNotify: bindUserWithSessionId: unBindUser getSyncDeviceId",
  ];
  for (const name of originals.join(" ").split(" ")) assert.ok(table.includes(name), name);
  const here = [...table.matchAll(/MPSync\.(\w+)\(/g)].map(([, name]) => name!);
  const { sdk } = mpsync();
  assert.deepEqual(here.filter((name) => !(name in sdk)), []);
  assert.deepEqual(Object.keys(sdk).filter((name) => !table.includes(name)), []);
});

Deno.test("[SDK-1] the meta.config comes from options, or with the context, as HarmonyOS packs it", async () => {
  const metaConfig = { appId: "demo", workspaceId: "default", syncserver: "host", syncport: "81" };
  const bytes = new TextEncoder().encode(JSON.stringify(metaConfig));
  const contexts = [{ metaConfig }, { resourceManager: { getRawFileContentSync: () => bytes } }];
  for (const context of contexts) {
    const t = testPlatform();
    const sdk = createMPSync(t.platform);
    sdk.setup({ clock: t.clock });
    MPFramework.create(context);
    sdk.initialize();
    const wire = await t.connect();
    assert.deepEqual([wire.url, wire.last("hello")?.instanceId], ["ws://host:81/sync", "default_demo"]);
    await sdk.shutdown();
  }
  MPFramework.create();
  assert.throws(() => createMPSync(testPlatform().platform).initialize(), TypeError);
});
