import type { Config, Instance } from "../db/catalog.ts";
import { DeviceActor, type DeviceActorOptions } from "./device_actor.ts";
import type { LaneStart } from "./lane_set.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";
import { supervise } from "./supervision.ts";
import { UserActor, type UserActorOptions, type Validator } from "./user_actor.ts";

export type LiveActorsOptions = {
  runtime: Runtime;
  validator: Validator;
  hydrate: (session: Session) => void;
  open: (session: Session) => void;
  end: (session: Session) => void;
  /** Reads a session's streams again, after its actor has failed; `points`: how far they were acknowledged on it. */
  reopened: (session: Session, kind: "user" | "device", points: ReadonlyMap<number, number>) => Promise<LaneStart[]>;
  openingFailed: (session: Session, error: unknown) => void;
  session: (connectionId: string) => Session | undefined;
};

/** The actors of this process by owner: made on connect, supervised, dropped with their last session. */
export class LiveActors {
  readonly #o: LiveActorsOptions;
  readonly #devices = new Map<string, DeviceActor>();
  readonly #users = new Map<string, UserActor>();

  readonly #deviceOptions: DeviceActorOptions;
  readonly #userOptions: UserActorOptions;

  constructor(options: LiveActorsOptions) {
    this.#o = options;
    const { runtime, validator, hydrate, open, end } = options;
    const supervision = { log: runtime.log, now: () => runtime.clock.now() };
    this.#deviceOptions = {
      runtime,
      hydrate,
      open,
      end,
      failed: supervise("device", {
        ...supervision,
        rebuild: (actor) => void this.#rebuildDevice(actor),
        giveUp: (actor) => actor.session?.connection.close(1011),
      }),
    };
    this.#userOptions = {
      runtime,
      validator,
      empty: (actor) => this.#forget(actor),
      failed: supervise("user", {
        ...supervision,
        rebuild: (actor) => void this.#rebuildUser(actor),
        giveUp: (actor) => actor.connections().forEach((connection) => connection.close(1011)),
      }),
    };
  }

  get counts(): { devices: number; users: number } {
    return { devices: this.#devices.size, users: this.#users.size };
  }

  owners(): { instance: number; owner: string }[] {
    return [...this.#users.keys(), ...this.#devices.keys()].map((key) => {
      const [instance, owner] = splitKey(key);
      return { instance, owner };
    });
  }

  /** Whose streams of this config a push for `owner` goes to. */
  ownerOf(config: Config, owner: string): UserActor | DeviceActor | undefined {
    return (config.target === "user" ? this.#users : this.#devices).get(keyOf(config.instance, owner));
  }

  /** All users, or all devices, of an instance. */
  *all(kind: "user" | "device", instance: number): Iterable<UserActor | DeviceActor> {
    for (const [key, actor] of kind === "user" ? this.#users : this.#devices) {
      if (splitKey(key)[0] === instance) yield actor;
    }
  }

  *users(instance: number): Iterable<UserActor> {
    for (const [key, actor] of this.#users) if (splitKey(key)[0] === instance) yield actor;
  }

  device(session: Session): DeviceActor | undefined {
    return this.#devices.get(keyOf(session.instance.no, session.deviceId));
  }

  /** Forgets the device's actor when no newer session has taken it over. */
  drop(session: Session): void {
    if (this.device(session)?.session === null) this.#devices.delete(keyOf(session.instance.no, session.deviceId));
  }

  deviceOf(instance: Instance, deviceId: string): DeviceActor {
    const key = keyOf(instance.no, deviceId);
    const known = this.#devices.get(key);
    if (known) return known;
    const actor = new DeviceActor(this.#deviceOptions, deviceId);
    this.#devices.set(key, actor);
    return actor;
  }

  userOf(instance: Instance, userId: string): UserActor {
    const key = keyOf(instance.no, userId);
    const known = this.#users.get(key);
    if (known) return known;
    const actor = new UserActor(this.#userOptions, instance, userId);
    this.#users.set(key, actor);
    return actor;
  }

  #forget(actor: UserActor): void {
    const key = keyOf(actor.instance.no, actor.userId);
    if (this.#users.get(key) === actor) this.#users.delete(key);
  }

  async #rebuildDevice(actor: DeviceActor): Promise<void> {
    const session = actor.session;
    if (!session?.welcomed) return;
    const points = session.lanes.points();
    actor.rebuild();
    try {
      const starts = await this.#o.reopened(session, "device", points);
      if (!session.ended) actor.post({ type: "opened", connectionId: session.connection.id, starts });
    } catch (error) {
      this.#o.openingFailed(session, error);
    }
  }

  async #rebuildUser(actor: UserActor): Promise<void> {
    const points = new Map(actor.sessions.map((bound) => [bound, bound.lanes.points()]));
    actor.rebuild();
    for (const { id } of actor.connections()) {
      const session = this.#o.session(id);
      const bound = session?.bound;
      // one that is still being opened is opened by that, behind its welcome
      if (!session?.welcomed || bound?.actor !== actor) continue;
      try {
        const starts = await this.#o.reopened(session, "user", points.get(bound) ?? new Map());
        if (session.bound === bound) actor.post({ type: "opened", connectionId: id, starts });
      } catch (error) {
        this.#o.openingFailed(session, error);
      }
    }
  }
}

const keyOf = (instance: number, owner: string) => `${instance}/${owner}`;

function splitKey(key: string): [number, string] {
  const slash = key.indexOf("/");
  return [Number(key.slice(0, slash)), key.slice(slash + 1)];
}
