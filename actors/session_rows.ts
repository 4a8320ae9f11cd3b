import type { SessionClaim, SessionStore } from "../db/sessions.ts";
import { Coalescer } from "./coalescer.ts";
import type { Log } from "./runtime.ts";
import type { Session } from "./session.ts";

/** Keeps the rows of the sessions table up to date, many sessions in one statement (CON-4). */
export class SessionRows {
  readonly #log: Log;
  readonly #update: Coalescer<Session, void>;
  readonly #release: Coalescer<Session, void>;
  /** Sessions that came to the foreground or left it since their rows were written, or whose rows could not be written. */
  readonly #stale = new Set<Session>();
  /** Ended sessions whose rows could not be removed. Without those of failed connects: an outage brings any number. */
  readonly #left = new Set<Session>();

  constructor(store: SessionStore, log: Log) {
    this.#log = log;
    this.#update = new Coalescer<Session, void>(async (changed) => {
      await this.#told(store.update([...new Set(changed)].map(toChange)));
      return new Array<void>(changed.length);
    }, { lanes: 1 });
    this.#release = new Coalescer<Session, void>(async (ended) => {
      await this.#told(store.release(ended.map(toKey)));
      return new Array<void>(ended.length);
    }, { lanes: 1 });
  }

  /** The user or the verdict changed. */
  changed(session: Session): void {
    if (!session.welcomed || session.ended) return;
    this.#update.call(session).catch(() => this.#stale.add(session));
  }

  /** Came to the foreground or left it: written now and then, because a foreground event costs no query (GLB-4). */
  moved(session: Session): void {
    this.#stale.add(session);
  }

  /** Writes which apps are in the foreground, and what could not be written before. */
  write(): void {
    const left = [...this.#left];
    this.#left.clear();
    for (const session of left) this.release(session);
    for (const session of this.#stale) {
      if (session.welcomed || session.ended) this.#stale.delete(session);
      this.changed(session);
    }
  }

  release(session: Session): void {
    this.#release.call(session).catch(() => session.welcomed && this.#left.add(session));
  }

  /** Once for a batch. */
  async #told(written: Promise<void>): Promise<void> {
    try {
      await written;
    } catch (error) {
      this.#log("warning", "session rows not written", { error: String(error) });
      throw error;
    }
  }
}

const toKey = (session: Session) => ({
  instance: session.instance.no,
  deviceId: session.deviceId,
  connection: session.connection.id,
});

export const toClaim = (session: Session): SessionClaim => ({
  ...toKey(session),
  seq: session.seq,
  os: session.hello.os,
  appVersion: session.hello.appVersion,
  foreground: session.foreground,
  userId: session.bound?.userId ?? null,
  connectedAt: session.connectedAt,
});

const toChange = (session: Session) => ({
  ...toKey(session),
  foreground: session.foreground,
  userId: session.bound?.userId ?? null,
  consistency: session.bound ? session.bound.actor.verdict(session.connection.id) : null,
});
