import type { Config } from "../db/catalog.ts";
import type { DeliveryStore, Hydrated, Target } from "../db/delivery.ts";
import type { SessionClaim, SessionStore } from "../db/sessions.ts";
import type { Clock } from "../src/clock.ts";
import { Coalescer } from "./coalescer.ts";
import { admits, type Client, DAY_MS } from "./eligibility.ts";
import type { Starts } from "./points.ts";
import type { Recorder } from "./recorder.ts";

export type HydratorOptions = {
  store: DeliveryStore;
  sessions: SessionStore;
  recorder: Recorder;
  clock: Clock;
  failed: (error: unknown) => void;
};

/** What connects ask of Postgres, many at once in one query each, with a bounded number under way. */
export class Hydrator {
  readonly #o: HydratorOptions;
  readonly #hydrate: Coalescer<Omit<Target, "config">, Hydrated>;
  readonly #claim: Coalescer<SessionClaim, number | null>;

  constructor(options: HydratorOptions) {
    this.#o = options;
    const { store, sessions, clock } = options;
    this.#hydrate = new Coalescer((requests) => store.hydrate(requests));
    // one batch at a time: of two hellos of a device the later one's claim comes last
    this.#claim = new Coalescer((claims) => sessions.claim(claims, clock.now()), { lanes: 1 });
  }

  /** Connects waiting for Postgres. */
  get length(): number {
    return this.#hydrate.length;
  }

  /**
   * @param wanted whether the connect is still waited for when its turn comes
   * @returns null when granted, else the `seq` of the device's newer session on another node (DEV-3).
   */
  claim(claim: SessionClaim, wanted: () => boolean): Promise<number | null> {
    return this.#claim.call(claim, wanted);
  }

  /** Sees all that was recorded before the call. `wanted`: whether it is still waited for when its turn comes. */
  async hydrate(request: Omit<Target, "config">, wanted?: () => boolean): Promise<Hydrated> {
    await this.#o.recorder.flush();
    return await this.#hydrate.call(request, wanted);
  }

  /** A reported point counts as an acknowledgement of the eligible ops it covers (PT-2). In the background. */
  credit(target: Omit<Target, "config">, deviceId: string, client: Client, starts: Starts): void {
    for (const { config, from, to } of starts.ahead) {
      const owner = config.scope === "global" ? "" : target.subject;
      void this.#credit({ ...target, config: config.no }, owner, deviceId, client, config, from, to)
        .catch(this.#o.failed);
    }
  }

  async #credit(
    target: Target,
    owner: string,
    deviceId: string,
    client: Client,
    config: Config,
    from: number,
    to: number,
  ): Promise<void> {
    const { store, recorder, clock } = this.#o;
    const now = clock.now();
    const retentionMs = config.retentionDays * DAY_MS;
    const ops = await store.reported({ ...target, owner, after: from, upTo: to, now, retentionMs });
    for (const op of ops) {
      if (admits(op, client)) recorder.arrived(target, owner, deviceId, op.id, Math.max(0, now - op.at));
    }
    recorder.forget(target, ops.map((op) => op.id));
    recorder.point(target, to);
  }
}
