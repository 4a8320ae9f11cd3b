import { lookup as lookUp } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { type AddressClass, classOf } from "./address_class.ts";

/** Which addresses may be asked: those of the internet, also those of one's own networks, or any. */
export const NETWORKS = ["public", "private", "any"] as const;
export type Networks = typeof NETWORKS[number];

/** Keeps what tenants' addresses may be within the networks that the operator allows. */
export interface AddressGuard {
  /** Says why the URL must not be asked, as far as that shows without looking a name up. */
  refusal(url: URL): string | undefined;
  /**
   * For `node:net`: looks a name up once, and the connection goes to what was looked at, so that a name cannot mean
   * something else a moment later. One address that is not allowed refuses the name.
   */
  lookup: LookupFunction;
}

export type AddressGuardOptions = {
  /** @default "private" */
  networks?: Networks;
  /** The addresses of a host name. @default what the system says, its hosts file included */
  resolve?: (hostname: string) => Promise<string[]>;
};

/** Names under which clouds serve the machine's own credentials, whatever they resolve to. */
const METADATA_NAMES = new Set(["metadata.google.internal", "metadata.goog", "metadata", "instance-data"]);

const REFUSALS: Record<Exclude<AddressClass, "public">, string> = {
  forbidden: "The address is link-local, a cloud's metadata service or no host's, which is not asked",
  private: "The address is in a private network, which is not asked here (VALIDATE_URL_NETWORKS)",
};

/**
 * A validation URL may point into the operator's own network, where tenants live, but never at what hands out the
 * machine's credentials, unless the operator says so.
 */
export function createAddressGuard(
  { networks = "private", resolve = systemLookup }: AddressGuardOptions = {},
): AddressGuard {
  const refusalOf = (what: AddressClass) =>
    what === "public" || networks === "any" || networks === what ? undefined : REFUSALS[what];

  const resolved = async (hostname: string) => {
    const addresses = await resolve(hostname);
    if (addresses.length === 0) throw new Error(`${hostname} has no address`);
    for (const address of addresses) {
      const refusal = refusalOf(classOf(address));
      if (refusal !== undefined) throw new Error(refusal);
    }
    return addresses.map((address) => ({ address, family: isIP(address.replace(/%.*$/, "")) }));
  };

  return {
    refusal({ protocol, username, password, hostname }) {
      if (!/^https?:$/.test(protocol)) return "The address is not http or https, which is not asked";
      if (username !== "" || password !== "") return "The address holds a user name or password, which is not sent";
      const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "").toLowerCase();
      if (networks !== "any" && METADATA_NAMES.has(host)) return REFUSALS.forbidden;
      return isIP(host) ? refusalOf(classOf(host)) : undefined;
    },
    lookup(hostname, options, callback) {
      resolved(hostname).then(
        (addresses) =>
          options.all ? callback(null, addresses) : callback(null, addresses[0]!.address, addresses[0]!.family),
        (error) => callback(error, options.all ? [] : "", 0),
      );
    },
  };
}

async function systemLookup(hostname: string): Promise<string[]> {
  return (await lookUp(hostname, { all: true })).map(({ address }) => address);
}
