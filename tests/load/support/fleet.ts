import { parseHints } from "../../../sdk/core/close.ts";
import { Phone } from "./phone.ts";
import type { Address, Ended } from "./wire.ts";

/** When a push arrived: its number, ms since 1970. */
export type Arrival = [number, number];

/** What happened since the last mark, and how things stand. */
export type FleetStats = {
  phones: number;
  online: number;
  /** Welcomes since the mark, and when each was, ms since 1970. */
  welcomes: number[];
  /** Phones that are online and have the global push that was asked for, and when the last of them got it. */
  caughtUp: number;
  caughtUpAt: number;
  /** Connections that ended since the mark, by close code. */
  closes: Record<number, number>;
  /** `retry-after-ms` of those closes. */
  hints: number[];
  /** What the protocol rules out, the first few. */
  violations: string[];
  /** Different pushes that arrived. */
  arrivals: number;
};

export type FleetOptions = {
  count: number;
  /** Number of the first phone: `d-N` with user `u-N`. */
  first: number;
  addresses: readonly Address[];
  /**
   * Loopback addresses that the phones dial in turn, instead of the servers' own. Between two addresses there are some
   * 28,000 ports, and from half of them on the kernel looks long for a free one: 0.3 ms for each connect. @default 0
   */
  loopbacks?: number;
  /** Connects under way at once. @default 256 */
  atOnce?: number;
  /** As in `PhoneOptions`. */
  stableMs?: number;
  /** Every so manieth phone reports nothing received. @default none */
  silentEvery?: number;
};

/** Many phones in one process, and what they saw. A push is told from others by the number at the end of its mid. */
export class Fleet {
  readonly phones: Phone[] = [];
  readonly #runs: Promise<void>[] = [];
  readonly #arrivals: Arrival[] = [];
  readonly #arrived = new Set<number>();
  readonly #globals = new WeakMap<Phone, { number: number; at: number }>();
  #welcomes: number[] = [];
  #closes: Record<number, number> = {};
  #hints: number[] = [];
  #violations: string[] = [];
  #onWelcome: () => void = () => {};

  /** Starts the phones, so many at once that each waits for its welcome; resolves when all are online. */
  async start(options: FleetOptions): Promise<void> {
    const { count, first, atOnce = 256 } = options;
    const before = this.#welcomes.length;
    let started = 0;
    await new Promise<void>((resolve) => {
      this.#onWelcome = () => {
        const welcomed = this.#welcomes.length - before;
        if (welcomed >= count) return resolve();
        while (started < count && started - welcomed < atOnce) this.#add(first + started++, options);
      };
      this.#onWelcome();
    });
    this.#onWelcome = () => {};
  }

  /** What happens from now on is counted anew. */
  mark(): void {
    this.#welcomes = [];
    this.#closes = {};
    this.#hints = [];
  }

  /** @param whole with the times of welcomes and the hints, which are long */
  stats(global: number, whole = true): FleetStats {
    const online = this.phones.filter((phone) => phone.online);
    const caughtUp = online.map((phone) => this.#globals.get(phone)).filter((seen) => seen && seen.number >= global);
    return {
      phones: this.phones.length,
      online: online.length,
      welcomes: whole ? this.#welcomes : [],
      caughtUp: global === 0 ? online.length : caughtUp.length,
      caughtUpAt: caughtUp.reduce((last, seen) => Math.max(last, seen!.at), 0),
      closes: this.#closes,
      hints: whole ? this.#hints : [],
      violations: this.#violations.slice(0, 10),
      arrivals: this.#arrived.size,
    };
  }

  arrivals(): readonly Arrival[] {
    return this.#arrivals;
  }

  async stop(): Promise<void> {
    for (const phone of this.phones) phone.stop();
    await Promise.all(this.#runs);
  }

  #add(number: number, { addresses, loopbacks, stableMs, silentEvery = Infinity }: FleetOptions): void {
    const dialled = (address: Address) =>
      loopbacks ? { ...address, hostname: `127.0.0.${1 + number % loopbacks}` } : address;
    // every other phone prefers the next server, as a load balancer spreads them
    const turned = addresses.map((_, index) => dialled(addresses[(number + index) % addresses.length]!));
    const phone: Phone = new Phone({
      deviceId: `d-${number}`,
      userId: `u-${number}`,
      addresses: turned,
      silent: number > 0 && number % silentEvery === 0,
      ...(stableMs === undefined ? {} : { stableMs }),
      events: {
        welcomed: () => {
          this.#welcomes.push(Date.now());
          this.#onWelcome();
        },
        arrived: (mid, _id, scope) => {
          const pushed = Number(mid.slice(mid.lastIndexOf("-") + 1));
          if (scope === "global") this.#globals.set(phone, { number: pushed, at: Date.now() });
          else this.#arrived.add(pushed), this.#arrivals.push([pushed, Date.now()]);
        },
        violated: (what) => this.#violations.push(what),
        ended: (_phone, ended) => this.#ended(ended),
      },
    });
    this.phones.push(phone);
    this.#runs.push(phone.run());
  }

  #ended({ code, reason }: Ended): void {
    this.#closes[code] = (this.#closes[code] ?? 0) + 1;
    const hint = parseHints(reason).retryAfterMs;
    if (hint !== undefined) this.#hints.push(hint);
  }
}
