import assert from "node:assert/strict";
import { join } from "node:path";
import {
  ConnectionType,
  createSyncClient,
  FileStore,
  MPFramework,
  MPSync,
  type SyncMessage,
} from "../../sdk/server.ts";
import { startServer } from "../support/server.ts";
import { tempFolder } from "./support/folder.ts";
import { until } from "./support/until.ts";

const FAST = { baseMs: 20, maxMs: 200 };

Deno.test("[SDK-1] the modern client receives live and after an absence, each message once and in order", async () => {
  await using server = await startServer();
  await using folderDir = await tempFolder();
  const folder = folderDir.path;
  const options = { server: server.url, instanceId: "default_demo", timing: FAST };
  const seen: string[] = [];
  const open = () => {
    const client = createSyncClient({ ...options, store: new FileStore(join(folder, "sync.json")) });
    client.login({ userId: "u-1", sessionId: "s-1" });
    client.subscribe("UCHAT", (m) => void seen.push(`${m.id}:${m.payload}`));
    return client;
  };
  await server.push({ payload: "before" });
  const first = open();
  await until("the first", () => seen.length === 1);
  for (const payload of ["a", "b"]) assert.equal((await server.push({ payload })).msg, "SUCCESS");
  await until("the live ones", () => seen.length === 3);
  await first.close();
  for (const payload of ["c", "d"]) await server.push({ payload });
  await using _second = open();
  await until("the missed ones", () => seen.length === 5);
  await server.push({ payload: "e" });
  await until("the last", () => seen.length === 6);
  assert.deepEqual(seen, ["1:before", "2:a", "3:b", "4:c", "5:d", "6:e"]);
  await until("all to have arrived", async () => {
    const page = await (await server.admin("GET", "/api/instances/default_demo/pushes?userId=u-1")).json();
    return page.items.every((p: { state: string }) => p.state === "arrived");
  });
});

Deno.test("[SDK-4] messages of a biz that nobody subscribes to are kept over a restart and handed over then", async () => {
  await using server = await startServer();
  await using folderDir = await tempFolder();
  const folder = folderDir.path;
  const open = () =>
    createSyncClient({
      server: server.url,
      instanceId: "default_demo",
      timing: FAST,
      store: new FileStore(join(folder, "sync.json")),
    });
  {
    await using client = open();
    client.login({ userId: "u-1", sessionId: "s-1" });
    await until("connected", () => client.status === "connected");
    for (const payload of ["a", "b", "c"]) await server.push({ payload });
    await until("all to have arrived", async () => {
      const page = await (await server.admin("GET", "/api/instances/default_demo/pushes?userId=u-1")).json();
      return page.items.length === 3 && page.items.every((p: { state: string }) => p.state === "arrived");
    });
  }
  await using client = open();
  client.login({ userId: "u-1", sessionId: "s-1" });
  const seen: string[] = [];
  await until("connected", () => client.status === "connected");
  await server.push({ payload: "d" });
  const stop = new AbortController();
  for await (const message of client.messages("UCHAT", { signal: stop.signal })) {
    seen.push(String(message.payload));
    if (seen.length === 4) stop.abort();
  }
  assert.deepEqual(seen, ["a", "b", "c", "d"]);
});

Deno.test("[SDK-1] MPSync with the original's names receives user, device and global pushes, and its iOS names too", async () => {
  await using server = await startServer();
  await using folderDir = await tempFolder();
  const folder = folderDir.path;
  const messages: SyncMessage[] = [];
  const states: ConnectionType[] = [];
  const observed: string[] = [];
  MPSync.setup({
    config: { appId: "demo", workspaceId: "default", syncserver: "127.0.0.1", syncport: String(server.port) },
    store: new FileStore(join(folder, "sync.json")),
    timing: FAST,
  });
  MPFramework.create({});
  MPSync.initialize();
  MPSync.addConnectionListener({ onConnectionStateChanged: (e) => states.push(e.getEventType()) });
  MPSync.registerBiz("UCHAT", {
    onReceiveMessage(message) {
      messages.push(message);
      MPSync.reportMsgReceived(message);
    },
    onReceiveCommand() {},
  });
  const observer = {
    onGlobal(notification: { userInfo: { op: string; bizType: string; userId: string } }) {
      observed.push(...JSON.parse(notification.userInfo.op).map((item: { pl: string }) => item.pl));
      MPSync.responseMessageNotify(notification.userInfo);
    },
  };
  assert.equal(MPSync.registerSyncBizWithName("GLOBAL-SDK-CONFIG", observer, "onGlobal:"), true);
  assert.equal(MPSync.updateUserInfo("s-1"), false);
  MPFramework.instance.userId = "u-1";
  assert.equal(MPSync.updateUserInfo(""), false);
  assert.equal(MPSync.updateUserInfo("s-1"), true);
  await until("connected", () => MPSync.isConnected());
  assert.equal(MPSync.connectStatus(), ConnectionType.Connected);
  await server.push({ payload: "text" });
  await server.push({ payload: undefined, binaryPayload: "aGk=" });
  await until("both", () => messages.length === 2);
  assert.deepEqual(messages.map((m) => [m.userId, m.biz]), [["u-1", "UCHAT"], ["u-1", "UCHAT"]]);
  assert.deepEqual(messages.map((m) => JSON.parse(m.msgData)).flat().map(({ id, pl, isB }) => [id, pl, isB]), [
    [1, "text", undefined],
    [2, "aGk=", true],
  ]);
  await server.pushGlobal({ payload: "all" });
  assert.deepEqual(observed, []);
  MPSync.appToForeground();
  await until("the global one", () => observed.length === 1);
  assert.equal(
    (await server.push({ bizType: "DEVICE-LOCK", linkToken: MPSync.getSyncDeviceId() })).msg,
    "SUCCESS",
  );
  MPSync.clearUserInfo();
  await until("unbound", async () => (await server.push({ payload: "gone" })).msg === "NOT_ONLINE");
  MPSync.appToBackground();
  await until("closed", async () => !await MPSync.isConnected());
  assert.deepEqual([...new Set(states)], [
    ConnectionType.Connecting,
    ConnectionType.Connected,
    ConnectionType.Disconnected,
  ]);
  await MPSync.shutdown();
});

Deno.test("[SIG-2] with signatures on, an app secret opens the connection and binds, and a wrong clock corrects itself", async () => {
  await using server = await startServer();
  const path = "/api/instances/default_demo";
  const { secret } = await (await server.admin("POST", `${path}/secrets`, { kind: "app" })).json();
  assert.equal((await server.admin("PATCH", path, { signature: true })).status, 200);
  const clock = {
    now: () => Date.now() - 3_600_000,
    after(ms: number, callback: () => void) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  };
  const { MemoryStore } = await import("../../sdk/stores/memory.ts");
  const options = { server: server.url, instanceId: "default_demo", timing: FAST };
  await using client = createSyncClient({ ...options, secret, clock, store: new MemoryStore() });
  const seen: unknown[] = [];
  client.subscribe("UCHAT", (m) => void seen.push(m.payload));
  await until("connected", () => client.status === "connected");
  client.login({ userId: "u-1", sessionId: "s-1" });
  const pushed = await server.admin("POST", `${path}/pushes`, {
    bizType: "UCHAT",
    linkToken: "u-1",
    thirdMsgId: "m",
    payload: "signed",
  });
  assert.equal(pushed.status, 200);
  await until("the message", () => seen.length === 1);
  const problems: number[] = [];
  await using wrong = createSyncClient({ ...options, secret: "wrong", store: new MemoryStore() });
  wrong.on("problem", (p) => problems.push(p.closeCode ?? 0));
  await until("stopped", () => wrong.status === "stopped");
  assert.deepEqual(problems, [4401]);
});

Deno.test("[DEV-3] of two clients with one device id the newer one stays, the older one stops", async () => {
  await using server = await startServer();
  const { MemoryStore } = await import("../../sdk/stores/memory.ts");
  const options = { server: server.url, instanceId: "default_demo", deviceId: "d-1", timing: FAST };
  await using older = createSyncClient({ ...options, store: new MemoryStore() });
  await until("connected", () => older.status === "connected");
  await using newer = createSyncClient({ ...options, store: new MemoryStore() });
  await until("taken over", () => newer.status === "connected" && older.status === "stopped");
  assert.equal((await server.push({ bizType: "DEVICE-LOCK", linkToken: "d-1" })).msg, "SUCCESS");
});

Deno.test("[SES-1] a change of user on a live connection shows each user their own messages, with typed payloads", async () => {
  await using server = await startServer();
  const { z } = await import("zod");
  const { MemoryStore } = await import("../../sdk/stores/memory.ts");
  const store = new MemoryStore({ durable: true });
  await using client = createSyncClient({ server: server.url, instanceId: "default_demo", timing: FAST, store });
  const seen: string[] = [];
  const problems: string[] = [];
  client.on("problem", (p) => problems.push(p.code));
  client.subscribe("UCHAT", (m) => void seen.push(`${m.userId} ${m.payload.text}`), {
    schema: z.object({ text: z.string() }),
  });
  for (const user of ["u-1", "u-2"]) {
    await server.push({ linkToken: user, payload: JSON.stringify({ text: `for ${user}` }) });
  }
  client.login({ userId: "u-1", sessionId: "s" });
  await until("the first user's", () => seen.length === 1);
  client.login({ userId: "u-2", sessionId: "s" });
  await until("the second user's", () => seen.length === 2);
  client.logout();
  await server.push({ linkToken: "u-2", payload: JSON.stringify({ text: "later" }) });
  client.login({ userId: "u-2", sessionId: "s" });
  await until("the later one", () => seen.length === 3);
  assert.deepEqual(seen, ["u-1 for u-1", "u-2 for u-2", "u-2 later"]);
  await server.push({ linkToken: "u-2", payload: "not what it should be" });
  await until("the problem", () => problems.length === 1);
  assert.deepEqual(problems, ["payload"]);
});
