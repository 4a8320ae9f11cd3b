import { join } from "node:path";
import type { SyncClient } from "../../sdk/client.ts";
import { createSyncClient, FileStore, MemoryStore, type SyncMessageOf, type SyncStore } from "../../sdk/server.ts";
import type { Arrival } from "./evidence.ts";
import { Diary, type Phone, type PhoneParts } from "./phone.ts";
import { type About, indexOf, isWithheld, KINDS } from "./plan.ts";

const TIMING = { baseMs: 100, maxMs: 1_000, connectMs: 8_000, probeMs: 2_000, pongMs: 4_000 };
/** Share of messages that the app takes its time with, and the longest time, ms. */
const SLOW_SHARE = 0.05;
const SLOW_MS = 400;

type Message = SyncMessageOf<string | Uint8Array>;

/** A phone with an app on the real SDK. Its store outlives restarts; some keep it in a file. */
export class SdkPhone implements Phone {
  readonly #diary: Diary;
  readonly #parts: PhoneParts;
  readonly #store: () => SyncStore;
  #client: SyncClient;
  #givenIn = false;
  #stopped = false;
  /** What the app has not reported: on its way, or withheld. */
  #held = new Map<Arrival, Message>();
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #logins = 0;
  #front = true;
  /** Restarts, one after the other. */
  #tail: Promise<void> = Promise.resolve();

  /** @param folder where the store is a file; null: in memory, called durable, for that is enough for a restart */
  constructor(parts: PhoneParts, folder: string | null) {
    this.#parts = parts;
    this.#diary = new Diary(parts);
    const memory = new MemoryStore({ durable: true });
    this.#store = () => folder === null ? memory : new FileStore(join(folder, `${parts.plan.name}.json`));
    this.#client = this.#open();
  }

  get log() {
    return this.#diary.log;
  }

  move(userId: string | null): void {
    this.#diary.log.user = userId;
    this.#login(this.#client);
  }

  front(on: boolean): void {
    this.#front = on;
    if (on) this.#client.foreground();
    else this.#client.background();
  }

  restart(about?: About): void {
    this.#tail = this.#tail.then(async () => {
      await this.#close();
      if (about) this.#diary.upgraded(about);
      if (!this.#stopped) this.#client = this.#open();
    });
  }

  giveIn(): void {
    this.#givenIn = true;
    for (const [arrival, message] of this.#held) this.#report(arrival, message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#tail;
    await this.#close();
  }

  #open(): SyncClient {
    const { plan, port, random } = this.#parts;
    const { os, version } = this.#diary.about;
    this.#diary.begun();
    const client = createSyncClient({
      server: `127.0.0.1:${port}`,
      instanceId: "default_demo",
      deviceId: plan.name,
      os,
      appVersion: version,
      timing: TIMING,
      random,
      store: this.#store(),
    });
    client.on("problem", ({ code, message, closeCode }) => {
      // a connection that is replaced is no one's fault here
      if (code === "resync" && !/missing|gap/i.test(message)) return;
      this.#diary.problem(`${code}: ${message} ${closeCode ?? ""}`);
    });
    this.#login(client);
    if (!this.#front) client.background();
    for (const { bizType } of KINDS) client.subscribe(bizType, (message) => this.#take(message), { manual: true });
    return client;
  }

  #login(client: SyncClient): void {
    const { user } = this.#diary.log;
    if (user === null) client.logout();
    else client.login({ userId: user, sessionId: `s-${user}-${++this.#logins}` });
  }

  async #close(): Promise<void> {
    // the app is gone: it reports nothing any more
    this.#held.clear();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await this.#client.close();
  }

  #take(message: Message): void {
    const { id, biz, userId, messageId: mid, late, payload } = message;
    const pl = typeof payload === "string" ? payload : payload.toBase64();
    const arrival = this.#diary.arrived({ biz, userId, id, mid, pl, late });
    if (id === 0) return;
    this.#held.set(arrival, message);
    if (this.#givenIn) return this.#report(arrival, message);
    if (isWithheld(indexOf(mid), this.#parts.plan.name)) return;
    if (this.#parts.random() >= SLOW_SHARE) return this.#report(arrival, message);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#held.has(arrival)) this.#report(arrival, message);
    }, this.#parts.random() * SLOW_MS);
    this.#timers.add(timer);
  }

  #report(arrival: Arrival, message: Message): void {
    this.#held.delete(arrival);
    this.#diary.reported(arrival);
    message.received();
  }
}
