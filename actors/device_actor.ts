import type { Config } from "../db/catalog.ts";
import type { LoggedOp } from "../db/delivery.ts";
import { type DeviceEvent, type DeviceState, stepDevice } from "./device_state.ts";
import { expiryOf } from "./eligibility.ts";
import { type LaneOwner, LaneSet, type LaneSetEvent } from "./lane_set.ts";
import { Mailbox } from "./mailbox.ts";
import type { DeviceMessage } from "./messages.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";
import type { Failed } from "./supervision.ts";

/** The same for all devices. */
export type DeviceActorOptions = {
  runtime: Runtime;
  /** Reads what the session has coming, then tells `hydrated` or `outranked`. */
  hydrate: (session: Session) => void;
  /** Everything is ready: welcome, then `opened`. */
  open: (session: Session) => void;
  /** The session has ended. */
  end: (session: Session) => void;
  failed: Failed<DeviceActor>;
};

/** One device: its one session (DEV-3) and its streams. Lives while there is a session. */
export class DeviceActor extends Mailbox<DeviceMessage> implements LaneOwner {
  readonly subject: string;
  readonly #o: DeviceActorOptions;
  #state: DeviceState = { kind: "offline" };
  #session: Session | null = null;

  constructor(options: DeviceActorOptions, deviceId: string) {
    super();
    this.#o = options;
    this.subject = deviceId;
  }

  get runtime(): Runtime {
    return this.#o.runtime;
  }

  get kind(): "device" {
    return "device";
  }

  get session(): Session | null {
    return this.#session;
  }

  allowed(config: Config): boolean {
    return config.status === "online";
  }

  ended(): void {}

  postLanes(connectionId: string, event: LaneSetEvent): void {
    this.post({ type: "lanes", connectionId, event });
  }

  /** A verified hello: it takes the device over, or is refused as the older one. */
  hello(session: Session): void {
    const { runtime } = this.#o;
    const connectionId = session.connection.id;
    session.lanes = new LaneSet(session, this);
    const before = this.#session;
    const step = stepDevice(this.#state, { type: "hello", connectionId, seq: session.seq });
    this.#state = step.state;
    const accepted = step.state.kind !== "offline" && step.state.connectionId === connectionId;
    if (accepted) this.#session = session;
    else session.ended = true;
    for (const effect of step.effects) {
      const subject = effect.connectionId === connectionId ? session : before;
      if (effect.type === "hydrate") this.#o.hydrate(session);
      else if (effect.type === "end" && subject) this.#end(subject);
      else if (effect.type === "replace" && subject) {
        subject.connection.close(4409, { seq: effect.seq });
        runtime.log("debug", "connection replaced", { connection: subject.connection.id });
      }
    }
  }

  /** What hydration or the socket says; of an older connection it changes nothing. */
  tell(session: Session, event: DeviceEvent): void {
    const step = stepDevice(this.#state, event);
    this.#state = step.state;
    for (const effect of step.effects) {
      if (effect.type === "open") this.#o.open(session);
      else if (effect.type === "end") {
        if (this.#session === session) this.#session = null;
        this.#end(session);
      } else if (effect.type === "replace") session.connection.close(4409, { seq: effect.seq });
    }
  }

  /** Starts over after a failure: the streams open again when they are read anew. */
  rebuild(): void {
    if (!this.#session) return;
    this.#session.lanes.close();
    this.#session.lanes = new LaneSet(this.#session, this);
  }

  eligible(config: Config, op: LoggedOp): boolean {
    if (!this.#session || expiryOf(op, config) <= this.#o.runtime.clock.now()) return false;
    return this.#session.lanes.eligible(config, op);
  }

  /** Not persistent (PER-2). */
  deliver(config: Config, op: LoggedOp): boolean {
    const session = this.#session;
    if (!session?.welcomed || !session.lanes.eligible(config, op)) return false;
    session.connection.queue({ scope: "device", biz: config.bizType, ops: [op] });
    return true;
  }

  protected override handle(message: DeviceMessage): void {
    const session = this.#session;
    if (!session) return;
    const { lanes } = session;
    switch (message.type) {
      case "appended":
        return lanes.hint(message.config, { type: "appended", op: message.op, prev: message.prev });
      case "head":
        return lanes.hint(message.config, { type: "head", id: message.id });
      case "config":
        if (!message.after) return message.before && lanes.remove(message.before.no);
        return lanes.isOpen ? lanes.regate(message.after) : undefined;
    }
    if (message.connectionId !== session.connection.id) return;
    switch (message.type) {
      case "opened":
        return lanes.open(message.starts);
      case "foreground":
        return lanes.foreground(this.#o.runtime.catalog.configsOf(session.instance.no));
      case "missed":
        return lanes.missed(message.config, message.upTo);
      case "heard":
        return lanes.heard();
      case "lanes":
        return lanes.handle(message.event);
      case "ack": {
        const config = lanes.configFor(message.frame.scope, message.frame.biz);
        if (config) return lanes.ack(config, message.frame);
        return this.#o.runtime.metrics.ignoredAcks(session.instance.instanceId, 1);
      }
    }
  }

  protected override failed(error: unknown, message: DeviceMessage): void {
    this.#o.failed(this, error, message);
  }

  #end(session: Session): void {
    if (session.ended) return;
    session.ended = true;
    session.lanes.close();
    this.#o.end(session);
  }
}
