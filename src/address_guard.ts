import { BlockList, isIP } from "node:net";

/** Says why an address must not be asked; undefined where it may. */
export type AddressGuard = (url: URL) => Promise<string | undefined>;

/** Names under which clouds serve the machine's own credentials, whatever they resolve to. */
const METADATA_NAMES = new Set(["metadata.google.internal", "metadata.goog", "metadata"]);

const forbidden = linkLocalAndMetadata();

/**
 * Refuses link-local and cloud metadata addresses: a validation URL may point into the operator's own network, where
 * tenants live, but never at what hands out the machine's credentials.
 *
 * @param resolve the addresses of a host name; a failure lets the request itself fail
 */
export function createAddressGuard({ resolve, allow = false }: {
  resolve: (hostname: string) => Promise<string[]>;
  /** Lets every address through. @default false */
  allow?: boolean;
}): AddressGuard {
  return async (url) => {
    if (allow) return undefined;
    const hostname = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "").toLowerCase();
    const refusal = "The address is link-local or a cloud's metadata service, which is not asked";
    if (METADATA_NAMES.has(hostname)) return refusal;
    const addresses = isIP(hostname) ? [hostname] : await resolve(hostname).catch(() => []);
    return addresses.some(isForbidden) ? refusal : undefined;
  };
}

function isForbidden(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && forbidden.check(address, version === 4 ? "ipv4" : "ipv6");
}

function linkLocalAndMetadata(): BlockList {
  const list = new BlockList();
  list.addSubnet("169.254.0.0", 16, "ipv4");
  list.addSubnet("fe80::", 10, "ipv6");
  list.addAddress("100.100.100.200", "ipv4"); // Alibaba Cloud
  list.addAddress("192.0.0.192", "ipv4"); // Oracle Cloud
  list.addAddress("fd00:ec2::254", "ipv6"); // AWS
  list.addAddress("fd20:ce::254", "ipv6"); // Google Cloud
  return list;
}
