import assert from "node:assert/strict";
import { join } from "node:path";
import type { SyncClient } from "../../sdk/client.ts";
import { createSyncClient, FileStore } from "../../sdk/server.ts";
import { Proxy } from "../support/proxy.ts";
import { seeded } from "../support/seeded.ts";
import { startServer } from "../support/server.ts";
import { tempFolder } from "./support/folder.ts";
import { until } from "./support/until.ts";

const FAST = { baseMs: 20, maxMs: 150, connectMs: 3000, probeMs: 300, pongMs: 500 };

/** What one device of the user saw, over all its restarts. */
class Device {
  readonly seen: Record<string, number[]> = { "UCHAT": [], "DEVICE-LOCK": [] };
  readonly payloads: string[] = [];
  readonly problems: string[] = [];
  readonly #folder: string;
  readonly #port: number;
  readonly #random: () => number;
  readonly name: string;
  client: SyncClient;

  constructor(about: { folder: string; port: number; random: () => number; name: string }) {
    this.#folder = about.folder;
    this.#port = about.port;
    this.#random = about.random;
    this.name = about.name;
    this.client = this.open();
  }

  open(): SyncClient {
    const client = createSyncClient({
      server: `127.0.0.1:${this.#port}`,
      instanceId: "default_demo",
      deviceId: this.name,
      timing: FAST,
      random: this.#random,
      store: new FileStore(join(this.#folder, `${this.name}.json`)),
    });
    client.on("problem", (p) => this.problems.push(p.code));
    client.login({ userId: "u-1", sessionId: "s-1" });
    for (const biz of Object.keys(this.seen)) {
      client.subscribe(biz, (m) => {
        this.seen[biz]!.push(m.id);
        if (biz === "UCHAT") this.payloads.push(String(m.payload));
      });
    }
    return client;
  }

  /** A restart of the app: what it reported is on its disk. */
  async restart(): Promise<void> {
    await this.client.close();
    this.client = this.open();
  }
}

for (const seed of (Deno.env.get("FUZZ_SEEDS") ?? "1,2").split(",").map(Number)) {
  Deno.test(`[DLV-8] fuzz ${seed}: delays, cuts in the middle of a frame, duplicated connections, restarts of server and app`, async () => {
    const random = seeded(seed);
    const pick = (n: number) => Math.floor(random() * n);
    await using server = await startServer();
    await using proxy = new Proxy(server.port, random);
    proxy.maxDelayMs = 6;
    proxy.cutChance = 0.02;
    await using folderDir = await tempFolder();
    const folder = folderDir.path;
    const devices = ["phone", "tablet"].map((name) => new Device({ folder, port: proxy.port, random, name }));
    const sent: string[] = [];
    const pushed = { "phone": 0, "tablet": 0 };
    for (let round = 0; round < 40; round++) {
      for (let n = pick(12); n > 0; n--) {
        const payload = `${seed}-${sent.length}`;
        const { success } = await server.push({ payload, thirdMsgId: payload });
        assert.equal(success, true);
        sent.push(payload);
      }
      for (const name of ["phone", "tablet"] as const) {
        if (random() < 0.3) {
          await server.push({ bizType: "DEVICE-LOCK", linkToken: name, thirdMsgId: crypto.randomUUID() });
          pushed[name]++;
        }
      }
      if (round % 10 === 5) proxy.cutNext = true;
      if (round % 8 === 3) {
        proxy.duplicateNext = true;
        proxy.cutAll();
      }
      const device = devices[pick(2)]!;
      const fate = random();
      if (fate < 0.2) proxy.cutAll();
      else if (fate < 0.3) await device.restart();
      else if (fate < 0.45) device.client.background();
      else if (fate < 0.6) device.client.foreground();
      else if (fate < 0.7) device.client.login({ userId: "u-1", sessionId: `s-${round}` });
      else if (fate < 0.75) await duplicate(device, server.syncUrl);
      else if (fate < 0.8) await server.restart();
      // Who was replaced by a duplicate is looked at again some time.
      for (const { client } of devices) if (client.status === "stopped" && random() < 0.5) client.foreground();
      // The world goes on a little before the next blow: some pieces pass, unless everybody is away.
      const pieces = proxy.pieces + pick(12);
      await until("some traffic", () => proxy.pieces >= pieces, 40).catch(() => {});
    }
    proxy.cutChance = 0;
    proxy.maxDelayMs = 0;
    proxy.duplicateNext = false;
    proxy.cutAll();
    for (const device of devices) device.client.foreground();
    const done = () => devices.every((d) => d.payloads.length >= sent.length);
    await until("everything", done, 60_000).catch(() => {});
    for (const [i, device] of devices.entries()) {
      assert.deepEqual(device.payloads, sent, `device ${i}`);
      const name = ["phone", "tablet"][i] as "phone" | "tablet";
      await until("the device's own", () => device.seen["DEVICE-LOCK"]!.length >= pushed[name]);
      for (const ids of Object.values(device.seen)) {
        assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b), `ids of device ${i}`);
      }
      assert.deepEqual(device.problems.filter((code) => code !== "resync" && code !== "closed"), []);
      await device.client.close();
    }
    const figures = `${proxy.cuts} cuts, ${proxy.connections} connections, ${proxy.twins} of them twice`;
    assert.ok(proxy.cuts > 0 && proxy.connections > 5 && proxy.twins > 0, figures);
  });
}

/** Somebody else says hello with this device's id and goes away again: the app takes the device back. */
async function duplicate(device: Device, url: string): Promise<void> {
  const socket = new WebSocket(url, ["syncline.v1"]);
  const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
  const answered = new Promise<void>((resolve) => socket.onmessage = () => resolve());
  socket.onopen = () => {
    const hello = { type: "hello", protocol: 1, seq: Date.now() + 1000, instanceId: "default_demo", points: [] };
    socket.send(JSON.stringify({ ...hello, deviceId: device.name, foreground: true }));
  };
  await Promise.race([answered, closed]);
  socket.close();
  await closed;
  device.client.foreground();
}
