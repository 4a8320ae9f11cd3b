import { isObject } from "../core/frames.ts";
import type { PeerMessage } from "../types.ts";
import { browser, type ChannelLike, type LockManagerLike } from "./dom.ts";

/**
 * Who of several clients on one store may use it. Guarantees: at most one is `granted` at a time, except that `steal`
 * takes the lead from a holder, who is then told `lost`; `tell` reaches the others that run at the moment, or nobody.
 */
export interface Lead {
  /** Asks for the lead; `granted` follows, at once or when the holder lets go. */
  acquire(): void;
  /** Takes it from another one that holds it. */
  steal(): void;
  /** Gives it up, or stops asking. */
  release(): void;
  tell(message: PeerMessage): void;
  close(): void;
}

export type LeadEvents = { granted(): void; lost(): void; told(message: PeerMessage): void };

/** For a process that has its store to itself. */
export function soleLead(events: LeadEvents): Lead {
  return { acquire: () => events.granted(), steal() {}, release() {}, tell() {}, close() {} };
}

/**
 * One lead among the tabs of a browser, by a Web Lock and a BroadcastChannel. Where a browser has neither (old ones,
 * and pages without https), each tab leads for itself; the server then lets the newest connection of the device win.
 */
export function browserLead(name: string, events: LeadEvents): Lead {
  const locks = browser().navigator?.locks;
  if (!locks) return soleLead(events);
  const Channel = browser().BroadcastChannel;
  return new TabLead(name, { locks, channel: Channel ? new Channel(name) : null, events });
}

/** `free` lets go of the lock; null until it is held. */
type Claim = { free: (() => void) | null };

/** {@link browserLead} with its parts given. */
export class TabLead implements Lead {
  readonly #name: string;
  readonly #locks: LockManagerLike;
  readonly #channel: ChannelLike | null;
  readonly #events: LeadEvents;
  /** The request under way or held; an older one has no say. */
  #claim: Claim | null = null;

  constructor(name: string, parts: { locks: LockManagerLike; channel: ChannelLike | null; events: LeadEvents }) {
    this.#name = name;
    this.#locks = parts.locks;
    this.#channel = parts.channel;
    this.#events = parts.events;
    if (this.#channel) {
      this.#channel.onmessage = (event) => {
        // Only code of the same origin can write here, and all of it is this.
        if (isObject(event.data)) this.#events.told(event.data as PeerMessage);
      };
    }
  }

  acquire(): void {
    this.#request(false);
  }

  steal(): void {
    if (!this.#claim?.free) this.#request(true);
  }

  release(): void {
    this.#claim?.free?.();
    this.#claim = null;
  }

  tell(message: PeerMessage): void {
    try {
      this.#channel?.postMessage(message);
    } catch { /* nobody hears it */ }
  }

  close(): void {
    this.release();
    this.#channel?.close();
  }

  #request(steal: boolean): void {
    this.release();
    const claim: Claim = { free: null };
    this.#claim = claim;
    const hold = () =>
      new Promise<void>((resolve) => {
        // Given up while it waited.
        if (this.#claim !== claim) return resolve();
        claim.free = resolve;
        this.#events.granted();
      });
    this.#locks.request(this.#name, { steal }, hold).catch(() => {
      // Given up by us.
      if (this.#claim !== claim) return;
      // Locks are refused (a browser that blocks storage): alone, as where there are none.
      if (!claim.free) return this.#events.granted();
      this.#claim = null;
      this.#events.lost();
    });
  }
}
