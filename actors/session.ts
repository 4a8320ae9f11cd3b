import type { Instance } from "../db/catalog.ts";
import type { Consistency, Hello, Point, ServerFrame } from "../src/protocol.ts";
import type { Connection } from "./connection.ts";
import { type Client, clientOf } from "./eligibility.ts";
import type { LaneSet } from "./lane_set.ts";
import type { UserActor } from "./user_actor.ts";

/** The user bound on a session. Each bind makes a new one, so that answers to an older bind are recognised. */
export type Bound = { actor: UserActor; userId: string; sessionId: string; at: number };

/** What a hello said beside the names; forgotten once the streams are open. */
export type Claims = { points: readonly Point[]; user: Hello["user"]; sameEpoch: boolean };

/** One live connection of one device, from its verified hello to its end. */
export class Session {
  readonly connection: Connection;
  readonly instance: Instance;
  readonly deviceId: string;
  /** What the device said about itself. */
  readonly hello: { seq: number; os: string | undefined; appVersion: string | undefined };
  readonly client: Client;
  readonly connectedAt: number;
  /** Since when the app is in the foreground, ms; null: it is in the background. */
  foregroundAt: number | null;
  /** The device's own streams. */
  lanes!: LaneSet;
  bound: Bound | null = null;
  claims: Claims | null;
  /** Whether `welcome` was sent. */
  welcomed = false;
  ended = false;
  /** Called when something about the session changed that the status pages show. */
  changed: () => void = () => {};
  #verdictKnown: (() => void) | null = null;
  #afterWelcome: (() => void)[] = [];

  constructor(connection: Connection, instance: Instance, hello: Hello, now: number) {
    const { points, user, seq, os, appVersion } = hello;
    this.claims = { points, user, sameEpoch: hello.epoch === undefined || hello.epoch === instance.epoch };
    this.connection = connection;
    this.instance = instance;
    this.deviceId = hello.deviceId;
    this.hello = { seq, os, appVersion };
    this.client = clientOf(hello.os, hello.appVersion);
    this.foregroundAt = hello.foreground ? now : null;
    this.connectedAt = now;
  }

  get foreground(): boolean {
    return this.foregroundAt !== null;
  }

  /** A change of user that came before the welcome waits for it: the first user's streams are being read. */
  afterWelcome(work: () => void): void {
    this.#afterWelcome.push(work);
  }

  runAfterWelcome(): void {
    for (const work of this.#afterWelcome.splice(0)) work();
  }

  send(frame: ServerFrame): void {
    this.connection.send(JSON.stringify(frame));
  }

  /** The tenant's verdict on the bound user changed (SES-2). */
  verdict(userId: string, consistency: Consistency): void {
    this.#verdictKnown?.();
    if (this.ended || this.bound?.userId !== userId) return;
    if (this.welcomed) this.send({ type: "bound", userId, consistency });
    this.changed();
  }

  /** Resolves at the next change of the verdict. */
  verdictChange(): Promise<void> {
    return new Promise((resolve) => this.#verdictKnown = resolve);
  }
}
