import type { Config } from "../db/catalog.ts";
import type { LoggedOp, Page, TargetOp } from "../db/delivery.ts";
import { admits, expiryOf } from "./eligibility.ts";
import { offer, offerLate } from "./lane_log.ts";
import type { LaneStart } from "./lane_set.ts";
import { isShared } from "./lane_stream.ts";
import type { Runtime } from "./runtime.ts";
import { assign, newSingle, type Seat, type SingleStream, wantsPage } from "./single_stream.ts";
import type { UserSession } from "./user_session.ts";

/** The user whose streams they are. */
export interface SinglesHost {
  readonly runtime: Runtime;
  readonly userId: string;
  /** The bound sessions, the last bound last. */
  readonly sessions: readonly UserSession[];
  /** Posts a read page (null: the read failed) into the actor's mailbox. */
  postPage(config: number, ticket: number, page: Page | null): void;
}

/** The single-device streams of one user: which session gets which op (DEV-2). */
export class UserSingles {
  readonly #host: SinglesHost;
  /** null: there is none, as with most idle users. */
  #streams: Map<number, SingleStream> | null = null;

  constructor(host: SinglesHost) {
    this.#host = host;
  }

  appended(config: Config, op: LoggedOp, prev: number): void {
    const stream = this.#get(config);
    const next = { ...stream, head: Math.max(stream.head, op.id) };
    this.#put(config, next);
    const follows = stream.reading === null && stream.blockedBy === null && stream.readTo === prev;
    if (!follows || config.threshold !== null) return this.pump(config);
    this.#give(config, [{ ...op, attempts: 0, recorded: false }], op.id);
  }

  head(config: Config, id: number): void {
    const stream = this.#get(config);
    this.#put(config, { ...stream, head: Math.max(stream.head, id) });
    this.pump(config);
  }

  /** A session's replay begins: it may be the one that gets what nobody has acknowledged. */
  opened(starts: readonly LaneStart[]): void {
    for (const { config, head } of starts) {
      if (!isShared(config)) continue;
      const stream = this.#get(config);
      this.#put(config, { ...stream, head: Math.max(stream.head, head) });
    }
    // a stream that got its first op while this session was being read is known here only
    for (const config of this.#configs()) this.rescan(config);
  }

  /** A session has left; what it held goes to the next one at once (DEV-2). */
  left(session: UserSession): void {
    for (const config of this.#configs()) {
      if (session.lanes.lane(config.no)?.window.length) this.rescan(config);
      else this.pump(config);
    }
  }

  /** Somebody came, left, or may receive again: what nobody has acknowledged is looked at from the start. */
  rescan(config: Config): void {
    const stream = this.#streams?.get(config.no);
    if (!stream) return;
    this.#put(config, { ...stream, readTo: 0, reading: null, blockedBy: null });
    this.pump(config);
  }

  page(config: Config, ticket: number, page: Page | null): void {
    const stream = this.#get(config);
    if (stream.reading !== ticket) return;
    const { ended } = stream;
    this.#put(config, { ...stream, reading: null, head: Math.max(stream.head, page?.head ?? 0) });
    if (page) this.#give(config, page.ops.filter((op) => !ended.includes(op.id)), page.upTo);
    else this.pump(config);
  }

  /** Acknowledged or let go: a page that is on its way must not bring these ops back. */
  ended(config: number, ids: readonly number[]): void {
    const stream = this.#streams?.get(config);
    if (stream && stream.reading !== null) this.#streams?.set(config, { ...stream, ended: [...stream.ended, ...ids] });
  }

  /** Acknowledged by one session: none keeps it (DEV-2). */
  settled(config: Config, ids: ReadonlySet<number>): void {
    for (const session of this.#host.sessions) {
      const lane = session.lanes.lane(config.no);
      if (!lane?.window.some((item) => ids.has(item.op.id))) continue;
      const window = lane.window.filter((item) => !ids.has(item.op.id));
      const windowBytes = window.reduce((sum, item) => sum + item.op.bytes, 0);
      session.lanes.apply(config, { lane: { ...lane, window, windowBytes }, effects: [] });
    }
  }

  /** Windows have changed: whoever was stopped by a full one goes on. */
  pumpAll(): void {
    for (const config of this.#configs()) this.pump(config);
  }

  remove(config: number): void {
    this.#streams?.delete(config);
  }

  /** Reads on when there is more and somebody to give it to. What was recorded before is visible to the read. */
  pump(config: Config): void {
    const { runtime, userId } = this.#host;
    const stream = this.#get(config);
    if (!wantsPage(stream, () => this.#seats(config))) return;
    const ticket = runtime.ticket();
    this.#put(config, { ...stream, reading: ticket, ended: [] });
    const request = {
      instance: config.instance,
      subject: userId,
      device: "",
      owner: userId,
      config,
      after: stream.readTo,
      until: Infinity,
      limit: runtime.limits.ops,
      unarrived: true,
      owes: false,
      plain: false,
      admits: (op: TargetOp) => this.#seats(config).some((seat) => seat.open && admits(op, seat.context.client)),
      done: (page: Page) => this.#host.postPage(config.no, ticket, page),
      failed: () => this.#host.postPage(config.no, ticket, null),
    };
    void runtime.recorder.flush().then(() => runtime.reader.read(request));
  }

  #give(config: Config, ops: readonly TargetOp[], upTo: number): void {
    const { runtime, userId } = this.#host;
    const stream = this.#get(config);
    const { given, readTo, blockedBy, filtered } = assign(ops, upTo, this.#seats(config));
    this.#put(config, { ...stream, readTo: Math.max(readTo, 0), blockedBy });
    if (filtered.length > 0) {
      const target = { instance: config.instance, subject: userId, config: config.no, device: "" };
      const keys = filtered.map((id) => ({ ...target, id }));
      // only so that the push list can say "filtered"; the op itself stays unacknowledged in the log
      runtime.store.owe(keys).catch((error) =>
        runtime.log("warning", "filtered ops not noted", { error: String(error) })
      );
    }
    for (const session of this.#host.sessions) {
      const mine = given.get(session.connectionId);
      if (mine) this.#send(config, session, mine);
    }
    // where the first op found no room, the next acknowledgement makes some
    if (given.size > 0 || blockedBy === null) this.pump(config);
  }

  #send(config: Config, session: UserSession, ops: readonly TargetOp[]): void {
    const context = session.lanes.context(config);
    const lane = session.lanes.lane(config.no) ?? session.lanes.make(config);
    const alive = ops.filter((op) => expiryOf(op, config) > context.now);
    const late = alive.filter((op) => op.id <= lane.sentTo), next = alive.filter((op) => op.id > lane.sentTo);
    if (late.length > 0) session.lanes.apply(config, offerLate(lane, late, context));
    if (next.length > 0) {
      const moved = session.lanes.lane(config.no)!;
      session.lanes.apply(config, offer(moved, next, next.at(-1)!.id, context));
    }
  }

  #seats(config: Config): Seat[] {
    return this.#host.sessions.toReversed().map((session) => ({
      id: session.connectionId,
      lane: session.lanes.isOpen ? session.lanes.lane(config.no) ?? session.lanes.make(config) : null,
      context: session.lanes.context(config),
      open: session.allowed(config),
    }));
  }

  #configs(): Config[] {
    return [...this.#streams?.keys() ?? []].flatMap((no) => this.#host.runtime.catalog.configByNo(no) ?? []);
  }

  #get(config: Config): SingleStream {
    return this.#streams?.get(config.no) ?? newSingle(0);
  }

  #put(config: Config, stream: SingleStream): void {
    (this.#streams ??= new Map()).set(config.no, stream);
  }
}
