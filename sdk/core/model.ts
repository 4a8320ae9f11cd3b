/**
 * The client's state, what happens to it and what it asks for. State is a tagged union: a field exists only in the
 * states that own it. Nothing in `core/` reads a clock, draws a random number or touches a socket or a store.
 *
 * Times are ms since 1970, ids integers below 2^53.
 */
import type { ClientFrame, Consistency, Op, Scope, ServerFrame } from "../../src/protocol.ts";
import type { PeerMessage, Problem, Report, Timing } from "../types.ts";

export type { PeerMessage, Problem, Report, Timing };

export type Settings = {
  instanceId: string;
  /** Fixes the device id; otherwise one is made once per installation. */
  deviceId?: string | undefined;
  /** What the hello says of the device and its software. */
  about: { sdk: string; os?: string; appVersion?: string | undefined };
  /** Keep the connection in the background and tell the server so (SDK-6). */
  keepInBackground: boolean;
  timing: Timing;
};

/** `serial` grows with every login call, because each one binds anew (SES-1). */
export type Login = { userId: string; sessionId: string; serial: number };

export type Delivered = Op & { late?: true };

/**
 * An op that is not reported yet. It holds the point back, unless it is late. `conn` is the connection that carried it
 * last. It is not `handed` while its biz is not registered. The server's window bounds how many there are (DLV-3).
 */
export type Waiting = {
  readonly late: boolean;
  readonly conn: number;
  readonly op: Delivered;
  readonly handed: boolean;
};

/** A message of an unregistered biz: stored, acked, and handed over at registration (SDK-4). */
export type Kept = {
  readonly id: number;
  readonly epoch: string | null;
  readonly op: Op;
  readonly late: boolean;
  readonly handed: boolean;
};

/** What of a stream is in the store. Acks and hellos speak of this only. */
export type Safe = { readonly point: number; readonly floor: number; readonly reported: ReadonlySet<number> };

export type Stream = {
  readonly key: string;
  readonly scope: Scope;
  readonly biz: string;
  /** User id for `user` and `globalUser`, else empty. */
  readonly owner: string;
  /** The reported point: all at or below it is reported, released, or not for this device. */
  readonly point: number;
  /** The highest id that an interval covered while this process ran. */
  readonly seen: number;
  /** Ids reported, in the order of reporting: all above the point, and the newest 1,000. */
  readonly reported: ReadonlySet<number>;
  /** The highest id that was dropped from `reported`. */
  readonly floor: number;
  readonly waiting: ReadonlyMap<number, Waiting>;
  readonly kept: readonly Kept[];
  readonly safe: Safe;
  /** Grows when the points are taken from elsewhere, so that a write under way before is not credited after. */
  readonly era: number;
};

export type Ledger = {
  readonly deviceId: string;
  readonly seq: number;
  readonly safeSeq: number;
  readonly epoch: string | null;
  /** False: what is stored does not survive the process, so kept messages are not acked. */
  readonly durable: boolean;
  readonly streams: ReadonlyMap<string, Stream>;
  /** Not persistent ops of unregistered biz, newest 100 of each, in memory only. */
  readonly fleeting: ReadonlyMap<string, readonly Op[]>;
  /** Keys of records that differ from the store, and those whose write failed. */
  readonly dirty: ReadonlySet<string>;
  readonly unsaved: ReadonlySet<string>;
  readonly writing: Writing | null;
  /** Writes that failed one after the other; after 2 storage is tight: no history, which only saves repeats. */
  readonly lean: number;
};

export type Writing = {
  readonly n: number;
  readonly seq: number;
  readonly keys: ReadonlySet<string>;
  readonly streams: ReadonlyMap<string, { era: number; safe: Safe }>;
  readonly kept: readonly { stream: string; id: number; era: number }[];
};

/** The received cursor of one stream on one connection, and what this connection carried and has not seen acked. */
export type Cursor = { readonly at: number; readonly acked: number; readonly owing: ReadonlyMap<number, boolean> };

/** Whose batches and acks count. While a bind is under way nobody's do. */
export type Binding =
  | { readonly tag: "bound"; readonly userId: string | null }
  | { readonly tag: "binding"; readonly n: number; readonly userId: string | null };

export type Session = {
  readonly conn: number;
  readonly cursors: ReadonlyMap<string, Cursor>;
  readonly binding: Binding;
  /** Serial of the login that was sent last, 0 for nobody. */
  readonly login: number;
  readonly n: number;
  readonly foreground: boolean;
};

export type Link =
  | { readonly tag: "parked" }
  | { readonly tag: "waiting"; readonly at: number }
  | { readonly tag: "connecting"; readonly conn: number; readonly opened: boolean; readonly deadline: number }
  | { readonly tag: "greeting"; readonly session: Session; readonly deadline: number }
  | {
    readonly tag: "online";
    readonly session: Session;
    readonly since: number;
    readonly heartbeatMs: number;
    readonly pingAt: number;
    readonly pong: { readonly n: number; readonly deadline: number; readonly withinMs: number } | null;
  }
  /** `final`: only a new start leaves it; otherwise the app's own next wish does. */
  | { readonly tag: "stopped"; readonly code: number; readonly reason: string; readonly final: boolean };

export type Life =
  | { readonly tag: "idle" }
  | { readonly tag: "standby"; readonly stealAt: number | null }
  | { readonly tag: "loading"; readonly term: number }
  | { readonly tag: "leading"; readonly ledger: Ledger; readonly link: Link };

export type Core = {
  readonly settings: Settings;
  /** Once it is known it stays, whoever leads. */
  readonly deviceId: string | null;
  readonly foreground: boolean;
  readonly user: Login | null;
  readonly biz: ReadonlySet<string>;
  /** Reports made while another tab, or nobody, holds the records. */
  readonly pending: readonly Report[];
  readonly tries: {
    readonly attempt: number;
    readonly clockFixed: boolean;
    readonly seqRaised: boolean;
    /** No attempt before then: the server asked for it. */
    readonly floor: number;
    /** Server time minus ours. */
    readonly clockOffset: number;
  };
  /** Counters: connections, writes, terms of leadership, logins, pings. */
  readonly count: { readonly connect: number; readonly write: number; readonly term: number; readonly login: number };
  readonly life: Life;
};

export type StateName = Exclude<Life["tag"], "leading"> | Link["tag"];

export function stateName(core: Core): StateName {
  return core.life.tag === "leading" ? core.life.link.tag : core.life.tag;
}

export type Event =
  // the app
  | { type: "start" }
  | { type: "stop" }
  /** `asked`: the app's own call, as opposed to the page becoming visible. */
  | { type: "foreground"; asked: boolean }
  | { type: "background" }
  | { type: "login"; userId: string; sessionId: string }
  | { type: "logout" }
  | { type: "register"; biz: string }
  | { type: "unregister"; biz: string }
  | { type: "report"; report: Report }
  // the lead and the store
  | { type: "lead" }
  | { type: "leadLost" }
  | { type: "peer"; message: PeerMessage }
  | { type: "loaded"; term: number; entries: ReadonlyMap<string, string>; durable: boolean; freshId: string }
  | { type: "saved"; n: number }
  | { type: "failed"; n: number; cause: unknown }
  // the socket
  | { type: "opened"; conn: number }
  | { type: "frame"; conn: number; frame: ServerFrame }
  | { type: "garbled"; conn: number }
  | { type: "closed"; conn: number; code: number; reason: string }
  // time and network
  | { type: "tick" }
  | { type: "networkUp" }
  | { type: "networkDown" };

export type ConnectionChange = "connecting" | "connected" | "disconnected" | "connectFailed";

export type Effect =
  | { type: "acquire" }
  | { type: "steal" }
  | { type: "release" }
  | { type: "tell"; message: PeerMessage }
  | { type: "load"; term: number }
  | { type: "write"; n: number; puts: readonly (readonly [string, string])[]; deletes: readonly string[] }
  | { type: "open"; conn: number }
  /** `signAt`: the time to sign with, on frames that are signed. */
  | { type: "send"; conn: number; frame: ClientFrame; signAt: number | undefined }
  | { type: "close"; conn: number; code: number; reason: string }
  | {
    type: "deliver";
    key: string;
    epoch: string | null;
    biz: string;
    userId: string;
    ops: readonly Delivered[];
  }
  | { type: "command"; biz: string; command: "online" | "offline" }
  | { type: "connection"; change: ConnectionChange; reason: string }
  | { type: "consistency"; userId: string; verdict: Consistency }
  | { type: "problem"; problem: Problem };

/** One step under way: handlers replace `core` and push effects; outside of `step` nothing of it is seen. */
export type Turn = { core: Core; readonly effects: Effect[]; readonly now: number; readonly random: number };
