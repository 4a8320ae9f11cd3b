import type { Config } from "../db/catalog.ts";
import type { Ack, Consistency } from "../src/protocol.ts";
import { type LaneOwner, LaneSet, type LaneSetEvent } from "./lane_set.ts";
import type { InFlight } from "./lane_state.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";
import type { UserActor } from "./user_actor.ts";
import { stepVerdict, type VerdictEvent, verdictOf, type VerdictState } from "./user_state.ts";

const UNASKED: VerdictState = { kind: "unasked" };

/** A user bound on one session. Each bind makes a new one, so that answers to an older bind are recognised. */
export class UserSession implements LaneOwner {
  readonly session: Session;
  readonly actor: UserActor;
  /** The login, as the client named it. */
  readonly sessionId: string;
  /** Since when, ms. */
  readonly at: number;
  lanes: LaneSet;
  verdict = UNASKED;
  /** Single-device ops that were taken from this session when it lost its verdict: it may still acknowledge them. */
  #released: Map<number, readonly InFlight[]> | null = null;

  constructor(session: Session, actor: UserActor, sessionId: string) {
    this.session = session;
    this.actor = actor;
    this.sessionId = sessionId;
    this.at = actor.runtime.clock.now();
    this.lanes = new LaneSet(session, this);
  }

  get runtime(): Runtime {
    return this.actor.runtime;
  }

  get kind(): "user" {
    return "user";
  }

  get subject(): string {
    return this.actor.userId;
  }

  get userId(): string {
    return this.actor.userId;
  }

  get connectionId(): string {
    return this.session.connection.id;
  }

  /** Whether ops of this config may be sent on the session now (CFG-4, SES-4). */
  allowed(config: Config): boolean {
    return config.status === "online" && (!config.consistency || verdictOf(this.verdict) === "valid");
  }

  ended(config: Config, ids: readonly number[]): void {
    this.actor.ended(config, ids);
  }

  postLanes(connectionId: string, event: LaneSetEvent): void {
    this.actor.post({ type: "lanes", connectionId, event });
  }

  /** Starts over after a failure: the streams open again when they are read anew. */
  rebuild(): void {
    this.lanes.close();
    this.lanes = new LaneSet(this.session, this);
  }

  /** Asks the tenant, now or later, as the verdict's state wants it. @returns the verdict where it has changed */
  judge(event: VerdictEvent): Consistency | undefined {
    const step = stepVerdict(this.verdict, event);
    this.verdict = step.state;
    let changed: Consistency | undefined;
    for (const effect of step.effects) {
      if (effect.type === "announce") changed = effect.verdict;
      else if (effect.type === "later") this.#later(effect.token, effect.attempt);
      else this.#ask(effect.token, effect.reuse);
    }
    return changed;
  }

  /** A single-device stream stops for want of a verdict: its ops go to others, and may be acknowledged here after all. */
  release(config: Config): void {
    const lane = this.lanes.lane(config.no);
    if (!lane) return;
    const released = this.#released ??= new Map();
    // that they are sent again says nothing about what was written when they were sent here
    const taken = lane.window.map((item) => ({ ...item, recorded: true }));
    released.set(config.no, [...(released.get(config.no) ?? []), ...taken]);
    this.lanes.apply(config, { lane: { ...lane, window: [], windowBytes: 0 }, effects: [] });
  }

  /** Ops that were released, and have arrived: they are recorded. @returns their ids */
  ackReleased(config: Config, { id, ids }: Pick<Ack, "id" | "ids">): number[] {
    const released = this.#released?.get(config.no) ?? [];
    const acked = released.filter(({ op, late }) => ids?.includes(op.id) || (!late && op.id <= (id ?? -1)));
    if (acked.length === 0) return [];
    const { recorder } = this.runtime;
    const target = { instance: config.instance, subject: this.userId, config: config.no, device: "" };
    recorder.acked(target, this.userId, this.session.deviceId, acked);
    void recorder.flush();
    this.#released?.set(config.no, released.filter((item) => !acked.includes(item)));
    return acked.map((item) => item.op.id);
  }

  #ask(token: number, reuse: boolean): void {
    const { actor, connectionId, userId, sessionId } = this;
    void actor.validator.validate(actor.instance, { userId, sessionId }, reuse)
      .then((verdict) => actor.post({ type: "verdict", connectionId, token, verdict }));
  }

  #later(token: number, attempt: number): void {
    const { actor, connectionId } = this;
    const delay = actor.validator.retryDelay(attempt);
    this.runtime.clock.after(delay, () => actor.post({ type: "askAgain", connectionId, token }));
  }
}
