import { type Connection, syncFrames } from "../actors/connection.ts";
import type { OutBatch } from "../actors/lane_state.ts";
import { PROBE_MS } from "../actors/lane_retry.ts";
import type { Clock } from "./clock.ts";
import { type CloseCode, type CloseHints, closeReason } from "./close_codes.ts";
import { terminate } from "./terminate.ts";

export type SocketOptions = {
  clock: Clock;
  /** A text frame came in. */
  onFrame: (socket: Socket, data: string) => void;
  /** The connection is over, whoever ended it, with this close code; called once. */
  onEnd: (socket: Socket, code: number) => void;
  /** The transport is gone, too: at the latest some seconds after the end. Called once. */
  onGone?: (socket: Socket) => void;
};

/**
 * With more unsent bytes than this a client must go on reading, or is cut off as a slow consumer (4410): the replay of
 * many streams is larger than this, and no reason to start it all over again. More than the most cuts at once.
 */
const BUFFERED_MAX = 1024 * 1024;
const BUFFERED_MOST = 32 * BUFFERED_MAX;
/** How long an overfull buffer may stay as full as it is, ms. */
const SLOW_MS = 10_000;
/** Frames a second that a client may send, and the burst. */
const FRAMES_PER_SECOND = 500;
const FRAMES_BURST = 5_000;
/** A frame counts once more for each so many characters. */
const FRAME_UNIT = 4_096;
/** How long the other side may take to answer a close before it is cut off, ms. */
const LINGER_MS = 5_000;
/** How a connection ends that nobody closed. */
const LOST = 1006;
const EVENTS = ["message", "error"] as const;

/** A WebSocket as the actors' {@link Connection}: merges what is queued in one turn, watches its buffer, knows its end. */
export class Socket implements Connection {
  readonly id: string = crypto.randomUUID();
  heardAt: number;
  readonly #ws: WebSocket;
  readonly #o: SocketOptions;
  /** Batches of this turn; null between turns, because most sockets are idle. */
  #batches: OutBatch[] | null = null;
  #ended = false;
  #probe: (() => void) | null = null;
  #slow: (() => void) | null = null;
  #linger: (() => void) | null = null;
  #gone = false;
  #pings = 0;
  /** Token bucket of frames: what is left, and when that was so. */
  #tokens = FRAMES_BURST;
  #tokensAt: number;

  /** @param origin whose place it takes among the connections of an address; null where none is counted */
  constructor(ws: WebSocket, options: SocketOptions, readonly origin: string | null = null) {
    this.#ws = ws;
    this.#o = options;
    this.heardAt = options.clock.now();
    this.#tokensAt = this.heardAt;
    for (const type of EVENTS) ws.addEventListener(type, this);
    ws.addEventListener("close", this);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the client was asked for a sign of life and has not given one yet. */
  get probing(): boolean {
    return this.#probe !== null;
  }

  handleEvent(event: Event): void {
    if (event.type === "close") {
      this.#end((event as CloseEvent).code);
      return this.#leave();
    }
    if (this.#ended) return;
    if (event.type !== "message") return this.#end(LOST);
    this.heardAt = this.#o.clock.now();
    const { data } = event as MessageEvent;
    if (typeof data !== "string") return this.close(4400, {}, "frames are text");
    this.#o.onFrame(this, data);
  }

  send(frame: string): void {
    this.#flush();
    this.#write(frame);
  }

  queue(batch: OutBatch): void {
    if (this.#batches) return void this.#batches.push(batch);
    this.#batches = [batch];
    queueMicrotask(() => this.#flush());
  }

  /** Sends a ping; without any frame in answer the connection ends, uncharged (DLV-5). */
  probe(): void {
    if (this.#probe || this.#ended) return;
    this.ping();
    this.#probe = this.#o.clock.after(PROBE_MS, () => this.close(1011, {}, "no answer to a ping"));
  }

  ping(): void {
    this.send(`{"type":"ping","n":${++this.#pings}}`);
  }

  /** A frame came in: the client lives. @returns whether that was being waited for */
  answered(): boolean {
    if (!this.#probe) return false;
    this.#probe();
    this.#probe = null;
    return true;
  }

  /** Counts a frame of so many characters that came in. @returns whether the client stays within its rate */
  withinRate(length: number): boolean {
    const refill = (this.heardAt - this.#tokensAt) * FRAMES_PER_SECOND / 1000;
    this.#tokens = Math.min(FRAMES_BURST, this.#tokens + Math.max(0, refill));
    this.#tokensAt = this.heardAt;
    return this.charge(1 + Math.floor(length / FRAME_UNIT));
  }

  /** Counts a frame that costs as much as so many. @returns whether the client stays within its rate */
  charge(frames: number): boolean {
    this.#tokens -= frames;
    return this.#tokens >= 0;
  }

  /** Resolves when the other side has agreed to the close, or is gone. */
  whenClosed(): Promise<void> {
    if (this.#ws.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => this.#ws.addEventListener("close", () => resolve(), { once: true }));
  }

  close(code: CloseCode, hints: CloseHints = {}, detail = ""): void {
    if (this.#ended) return;
    this.#flush();
    if (this.#ws.readyState <= WebSocket.OPEN) this.#ws.close(code, closeReason(code, hints, detail));
    this.#end(code);
  }

  #flush(): void {
    const batches = this.#batches;
    if (!batches) return;
    this.#batches = null;
    for (const frame of syncFrames(batches)) this.#write(frame);
  }

  #write(frame: string): void {
    if (this.#ended || this.#ws.readyState !== WebSocket.OPEN) return;
    this.#ws.send(frame);
    // what is unsent when the connection ends stays unacknowledged, and comes again on the next one
    const unsent = this.#ws.bufferedAmount;
    if (unsent > BUFFERED_MOST) this.close(4410);
    else if (unsent > BUFFERED_MAX) this.#watch(unsent);
  }

  /** The client must have read something of an overfull buffer when it is looked at again. */
  #watch(before: number): void {
    this.#slow ??= this.#o.clock.after(SLOW_MS, () => {
      this.#slow = null;
      const unsent = this.#ws.bufferedAmount;
      if (unsent >= before) this.close(4410);
      else if (unsent > BUFFERED_MAX) this.#watch(unsent);
    });
  }

  #end(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#batches = null;
    this.#probe?.();
    this.#slow?.();
    this.#probe = this.#slow = null;
    for (const type of EVENTS) this.#ws.removeEventListener(type, this);
    this.#linger = this.#o.clock.after(LINGER_MS, () => {
      terminate(this.#ws);
      this.#leave();
    });
    this.#o.onEnd(this, code);
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#linger?.();
    this.#linger = null;
    this.#ws.removeEventListener("close", this);
    this.#o.onGone?.(this);
  }
}
