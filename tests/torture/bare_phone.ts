import { delay } from "es-toolkit";
import { RawClient } from "../support/client.ts";
import type { Arrival } from "./evidence.ts";
import { Diary, type Phone, type PhoneParts } from "./phone.ts";
import { type About, indexOf, isWithheld } from "./plan.ts";
import { Wire } from "./wire.ts";

/** Codes after which a client comes back by itself (0: cut off); all others say that it did something wrong. */
const COME_BACK = new Set([0, 1000, 1001, 1005, 1006, 1011, 1012, 4000, 4408, 4410, 4429, 4503]);
const BACKOFF_MS = 600;
/** How long acknowledgements wait at most, ms. */
const LAZY_MS = 400;

/** A phone on a bare socket that keeps to the protocol, and checks that the server does. */
export class BarePhone implements Phone {
  readonly #diary: Diary;
  readonly #parts: PhoneParts;
  readonly #wire: Wire;
  readonly #running: Promise<void>;
  readonly #arrivals = new Map<string, Arrival>();
  #client: RawClient | null = null;
  #front = true;
  #givenIn = false;
  /** What the next connection says of the app. */
  #next: About | null = null;
  #stopped = new AbortController();

  constructor(parts: PhoneParts) {
    this.#parts = parts;
    this.#diary = new Diary(parts);
    this.#wire = new Wire(parts.plan.name, {
      arrived: ({ biz, subject, op, late }) => {
        const arrival = this.#diary.arrived({ biz, userId: subject, id: op.id, mid: op.mid, pl: op.pl, late });
        if (op.id !== 0) this.#arrivals.set(`${biz} ${subject} ${op.id}`, arrival);
      },
      acked: ({ biz, subject, id }) => {
        const key = `${biz} ${subject} ${id}`;
        const arrival = this.#arrivals.get(key);
        if (arrival) this.#diary.reported(arrival);
        this.#arrivals.delete(key);
      },
      problem: (what) => this.#diary.problem(what),
      withholds: (op) => !this.#givenIn && isWithheld(indexOf(op.mid), parts.plan.name),
    });
    this.#running = this.#run();
  }

  get log() {
    return this.#diary.log;
  }

  get repeats(): number {
    return this.#wire.repeats;
  }

  move(userId: string | null): void {
    this.#diary.log.user = userId;
    // before the welcome the user of the hello is on its way: the next connection brings this one
    if (!this.#client || !this.#wire.welcomed) return void this.#hangUp();
    this.#diary.begun();
    this.#client.send(this.#wire.bind(userId));
  }

  front(on: boolean): void {
    this.#front = on;
    this.#client?.send({ type: on ? "foreground" : "background" });
  }

  restart(about?: About): void {
    // frames that are on their way are still for the former version
    this.#next = about ?? this.#next;
    void this.#hangUp();
  }

  giveIn(): void {
    this.#givenIn = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#hangUp();
    await this.#running;
  }

  async #hangUp(): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const waitMs = await this.#connection();
      await delay(waitMs, { signal }).catch(() => {});
    }
  }

  /** One connection from the first try to its end. @returns how long to wait for the next one, ms */
  async #connection(): Promise<number> {
    const backoff = 30 + this.#parts.random() * BACKOFF_MS;
    let client: RawClient;
    try {
      client = await RawClient.open(`ws://127.0.0.1:${this.#parts.port}/sync`);
    } catch {
      return backoff;
    }
    this.#client = client;
    try {
      if (this.#stopped.signal.aborted) return 0;
      this.#greet(client);
      while (!client.closed) {
        await client.until(() => client.frames.length > 0, LAZY_MS).catch(() => {});
        this.#read(client);
      }
      return Math.max(backoff, this.#ended(client.closed));
    } finally {
      this.#client = null;
      await client[Symbol.asyncDispose]();
    }
  }

  #greet(client: RawClient): void {
    const { name } = this.#parts.plan;
    if (this.#next) this.#diary.upgraded(this.#next);
    this.#next = null;
    this.#diary.begun();
    const { os, version } = this.#diary.about;
    const { user, ...said } = this.#wire.hello(this.#diary.log.user);
    client.hello({
      deviceId: name,
      os,
      appVersion: version,
      foreground: this.#front,
      ...said,
      ...(user ? { user: { ...user, sessionId: `s-${user.userId}` } } : {}),
    });
  }

  #read(client: RawClient): void {
    const frames = client.frames.splice(0);
    for (const frame of frames) {
      if (!this.#wire.take(frame)) return void client[Symbol.asyncDispose]();
    }
    const { random } = this.#parts;
    const prompt = this.#givenIn || frames.length === 0 || random() < 0.7;
    if (!prompt) return;
    for (const frame of this.#wire.acks({ all: this.#givenIn, ping: random() < 0.2 })) client.send(frame);
  }

  #ended({ code, reason }: { code: number; reason: string }): number {
    if (!COME_BACK.has(code)) this.#diary.problem(`closed with ${code} ${reason}`);
    return Number(/retry-after-ms=(\d+)/.exec(reason)?.[1] ?? 0);
  }
}
