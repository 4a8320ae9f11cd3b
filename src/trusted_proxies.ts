import { BlockList, isIP } from "node:net";
import { plainAddress } from "./address_class.ts";

/** Whether `text` is an address or a network, like `192.0.2.7`, `10.0.0.0/8` or `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [address = "", bits] = splitNetwork(text);
  const version = isIP(address);
  return version !== 0 && !address.includes("%") &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest(version)));
}

/**
 * Tells who a caller is behind proxies. Each writes into `X-Forwarded-For`, to the right of what it got, from whom it got the
 * request: read from the right, the first that is not one of the trusted proxies is the caller. What stands further left
 * anybody may have written.
 */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** @param networks addresses and networks for which {@link isNetwork} holds */
  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const [address = "", bits] = splitNetwork(text);
      const version = isIP(address);
      this.#list.addSubnet(address, bits === undefined ? longest(version) : Number(bits), family(version));
    }
  }

  /**
   * @param peer who holds the connection
   * @param forwardedFor the request's `X-Forwarded-For`, several joined by commas
   * @returns the caller's address; the nearest trusted proxy's where that one names nobody
   */
  addressOf(peer: string, forwardedFor: string | null | undefined): string {
    let address = plainAddress(peer);
    const named = forwardedFor?.split(",") ?? [];
    while (this.#trusts(address)) {
      const next = withoutPort(named.pop()?.trim() ?? "");
      if (isIP(next) === 0) break;
      address = plainAddress(next);
    }
    return address;
  }

  #trusts(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, family(version));
  }
}

const splitNetwork = (text: string) => text.split(/\/(.*)/s);
const longest = (version: number) => version === 4 ? 32 : 128;
const family = (version: number) => version === 4 ? "ipv4" : "ipv6";

/** Some proxies add the port: `192.0.2.7:4711`, `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}
