import type { Instance } from "../db/catalog.ts";
import type { Consistency, Hello, Point, ServerFrame } from "../src/protocol.ts";
import type { Connection } from "./connection.ts";
import type { Client } from "./eligibility.ts";
import type { LaneSet } from "./lane_set.ts";
import type { UserSession } from "./user_session.ts";

/** What a hello said beside the names; forgotten once the streams are open. */
export type Claims = { points: readonly Point[]; user: Hello["user"]; sameEpoch: boolean };

export type SessionContext = {
  /** ms */
  now: number;
  client: Client;
  /** Called when something about the session changed that the status pages show. */
  changed: (session: Session) => void;
};

/** One live connection of one device, from its verified hello to its end. */
export class Session {
  readonly connection: Connection;
  readonly instance: Instance;
  readonly deviceId: string;
  /** Grows with each of the device's connects (DEV-3). */
  readonly seq: number;
  readonly client: Client;
  readonly connectedAt: number;
  /** Since when the app is in the foreground, ms; null: it is in the background. */
  foregroundAt: number | null;
  /** The device's own streams. */
  lanes!: LaneSet;
  /** The user on it. */
  bound: UserSession | null = null;
  claims: Claims | null;
  /** Whether `welcome` was sent. */
  welcomed = false;
  ended = false;
  readonly #changed: (session: Session) => void;
  #verdictKnown: (() => void) | null = null;
  #afterWelcome: (() => void)[] | null = null;

  constructor(connection: Connection, instance: Instance, hello: Hello, { now, client, changed }: SessionContext) {
    const { points, user } = hello;
    this.claims = { points, user, sameEpoch: hello.epoch === undefined || hello.epoch === instance.epoch };
    this.connection = connection;
    this.instance = instance;
    this.deviceId = hello.deviceId;
    this.seq = hello.seq;
    this.client = client;
    this.foregroundAt = hello.foreground ? now : null;
    this.connectedAt = now;
    this.#changed = changed;
  }

  /** What the device said about itself. */
  get hello(): Client["hello"] {
    return this.client.hello;
  }

  get foreground(): boolean {
    return this.foregroundAt !== null;
  }

  /** A change of user that came before the welcome waits for it: the first user's streams are being read. */
  afterWelcome(work: () => void): void {
    (this.#afterWelcome ??= []).push(work);
  }

  runAfterWelcome(): void {
    const works = this.#afterWelcome ?? [];
    this.#afterWelcome = null;
    for (const work of works) work();
  }

  changed(): void {
    this.#changed(this);
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
