import { BlockList, isIP } from "node:net";
import { plainAddress, subscriberOf } from "./address_class.ts";

export type AddressLimitsOptions = {
  /** Connections of one address at once; 0: no limit. */
  concurrent: number;
  /** New connections a second of one address, with a burst of {@link BURST_S} seconds' worth; 0: no limit. */
  perSecond: number;
  /** Whether private addresses are limited, too: they are a proxy's or a gateway's more often than a phone's. */
  privateToo: boolean;
};

/** What a new connection gets: a place; a refusal by close code, which takes a place until it is gone; or nothing. */
export type Admission = "open" | "refuse" | "reject";

/** Connections above the limit that are still told why they are refused. */
const TOLD = 50;
/** Seconds whose connects may come at once. */
export const BURST_S = 10;
/** Addresses without a connection that are remembered. */
const REMEMBERED = 10_000;

type Entry = { open: number; tokens: number; at: number };

/** Counts connections and connects of each address, in the memory of one process. */
export class AddressLimits {
  readonly #o: AddressLimitsOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: AddressLimitsOptions) {
    this.#o = options;
  }

  /** Addresses that are remembered now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Under what an address is counted: itself, or its /64 where it is IPv6. @returns null where it is not limited */
  originOf(address: string): string | null {
    const { concurrent, perSecond, privateToo } = this.#o;
    if (concurrent === 0 && perSecond === 0) return null;
    const plain = plainAddress(address);
    const version = isIP(plain);
    if (version === 0 || (!privateToo && PRIVATE.check(plain, version === 4 ? "ipv4" : "ipv6"))) return null;
    return subscriberOf(plain);
  }

  /** A connection of `origin` at `now` (ms); what is not rejected must {@link leave}. */
  enter(origin: string, now: number): Admission {
    const { concurrent, perSecond } = this.#o;
    const entry = this.#entries.get(origin) ?? this.#remember(origin, now);
    const burst = perSecond * BURST_S;
    entry.tokens = Math.min(burst, entry.tokens + Math.max(0, now - entry.at) / 1000 * perSecond);
    entry.at = now;
    const full = concurrent > 0 && entry.open >= concurrent, fast = perSecond > 0 && entry.tokens < 1;
    if (!full && !fast) entry.tokens--;
    else if (entry.open >= (concurrent || burst) + TOLD) return "reject";
    entry.open++;
    return full || fast ? "refuse" : "open";
  }

  leave(origin: string): void {
    const entry = this.#entries.get(origin);
    if (entry) entry.open--;
  }

  #remember(origin: string, now: number): Entry {
    if (this.#entries.size >= REMEMBERED) this.#forgetSome();
    const entry = { open: 0, tokens: this.#o.perSecond * BURST_S, at: now };
    this.#entries.set(origin, entry);
    return entry;
  }

  /** Those with connections are as few as connections, and stay; they go to the end, so that the next look is short. */
  #forgetSome(): void {
    let looks = 100;
    for (const [origin, entry] of this.#entries) {
      this.#entries.delete(origin);
      if (entry.open > 0) this.#entries.set(origin, entry);
      if (--looks === 0) return;
    }
  }
}

const PRIVATE = privateNetworks();

function privateNetworks(): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of [["127.0.0.0", 8], ["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16]] as const) {
    list.addSubnet(net, prefix, "ipv4");
  }
  list.addSubnet("100.64.0.0", 10, "ipv4");
  list.addSubnet("169.254.0.0", 16, "ipv4");
  list.addAddress("::1", "ipv6");
  list.addSubnet("fc00::", 7, "ipv6");
  list.addSubnet("fe80::", 10, "ipv6");
  return list;
}
