import assert from "node:assert/strict";
import { startServer } from "../support/server.ts";
// All that an app written for the original changes:
import {
  type ConnectionEvent,
  type ConnectionListener,
  ConnectionType,
  type ISyncCallback,
  MPFramework,
  MPSync,
  type SyncCommand,
  type SyncMessage,
} from "./support/harmony.ts";
import { until } from "./support/until.ts";

/** As much of the system as such an app touches. */
class Context {
  readonly resourceManager: { getRawFileContentSync(path: string): Uint8Array };

  constructor(files: Record<string, string>) {
    this.resourceManager = {
      getRawFileContentSync(path) {
        const text = files[path];
        if (text === undefined) throw new Error("9001005");
        return new TextEncoder().encode(text);
      },
    };
  }
}

class EntryAbilityStage {
  readonly context: Context;

  constructor(context: Context) {
    this.context = context;
  }

  onCreate(): void {
    MPFramework.create(this.context);
    const ctx: Context = MPFramework.instance.context;
    assert.equal(ctx, this.context);
  }
}

class EntryAbility implements ISyncCallback, ConnectionListener {
  readonly received: string[] = [];
  readonly states: ConnectionType[] = [];
  readonly commands: string[] = [];

  onCreate(context: Context): void {
    MPSync.initialize(context);
    MPSync.addConectionListener(this);
  }

  onLogin(userId: string, sessionId: string): boolean {
    MPFramework.instance.userId = userId;
    return MPSync.updateUserInfo(sessionId);
  }

  onPageShown(): void {
    MPSync.registerBiz("UCHAT", this);
  }

  onForeground(): void {
    MPSync.appToForeground();
  }

  onBackground(): void {
    MPSync.appToBackground();
  }

  onReceiveMessage(message: SyncMessage): void {
    for (const item of JSON.parse(message.msgData) as { pl: string }[]) {
      this.received.push(`${message.userId} ${message.biz} ${item.pl}`);
    }
    MPSync.reportMsgReceived(message);
  }

  onReceiveCommand(command: SyncCommand): void {
    this.commands.push(command.command);
  }

  onConnectionStateChanged(event: ConnectionEvent): void {
    this.states.push(event.getEventType());
  }
}

const arrived = async (server: { admin(method: string, path: string): Promise<Response> }, count: number) => {
  const page = await (await server.admin("GET", "/api/instances/default_demo/pushes?userId=u-1")).json();
  return page.items.filter((p: { state: string }) => p.state === "arrived").length === count;
};

Deno.test("[SDK-1] [SDK-4] code written for HarmonyOS's MPSync works with its import changed, over background and restart", async () => {
  await using server = await startServer();
  const metaConfig = { appId: "demo", workspaceId: "default", syncserver: "127.0.0.1", syncport: String(server.port) };
  const context = new Context({ "meta.config": JSON.stringify(metaConfig) });
  new EntryAbilityStage(context).onCreate();
  const first = new EntryAbility();
  first.onCreate(context);
  assert.equal(first.onLogin("", "s-1"), false);
  assert.equal(first.onLogin("u-1", ""), false);
  assert.equal(first.onLogin("u-1", "s-1"), true);
  await until("connected", () => MPSync.isConnected());
  // Nobody has registered yet: kept in the preferences, over a restart.
  await server.push({ payload: "before the page" });
  await until("arrived", () => arrived(server, 1));
  await MPSync.shutdown();
  assert.deepEqual(first.received, []);

  const second = new EntryAbility();
  new EntryAbilityStage(context).onCreate();
  second.onCreate(context);
  second.onPageShown();
  assert.equal(second.onLogin("u-1", "s-2"), true);
  await until("the kept one", () => second.received.length === 1);
  await until("connected", () => MPSync.isConnected());
  await server.push({ payload: "live" });
  await until("the live one", () => second.received.length === 2);
  second.onBackground();
  await until("away", async () => (await server.push({ payload: "missed" })).msg === "NOT_ONLINE");
  assert.equal(await MPSync.isConnected(), false);
  second.onForeground();
  await until("the missed one", () => second.received.includes("u-1 UCHAT missed"));
  assert.equal(second.received[0], "u-1 UCHAT before the page");
  assert.equal(new Set(second.received).size, 3);
  await server.admin("POST", "/api/instances/default_demo/configs/UCHAT/offline");
  await until("the command", () => second.commands.includes("offline"));
  MPSync.clearUserInfo();
  MPSync.removeConnectionListener(second);
  assert.deepEqual(second.states.slice(0, 2), [ConnectionType.Connecting, ConnectionType.Connected]);
  assert.ok(second.states.includes(ConnectionType.Disconnected));
  await MPSync.shutdown();
});
