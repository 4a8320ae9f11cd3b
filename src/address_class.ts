import { BlockList, isIP } from "node:net";

/**
 * What an address is, as far as it matters for asking it: a host of the internet; one of a network of one's own, this
 * machine included; or one that hands out a machine's credentials, reaches only the same wire, or is no host's at all.
 */
export type AddressClass = "public" | "private" | "forbidden";

const FORBIDDEN = blockList({
  ipv4: ["0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"],
  ipv6: ["::/128", "fe80::/10", "ff00::/8"],
}, [
  "100.100.100.200", // Alibaba Cloud
  "192.0.0.192", // Oracle Cloud
  "168.63.129.16", // Azure
  "fd00:ec2::254", // AWS
  "fd20:ce::254", // Google Cloud
]);

const PRIVATE = blockList({
  ipv4: [
    ...["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
    ...["192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ],
  ipv6: ["::1/128", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "fc00::/7", "fec0::/10"],
}, []);

/** An address as it is compared: without a zone, and IPv4 in IPv6 as IPv4. Other text stays as it is, up to a `%`. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
}

/** @param address an IPv4 or IPv6 address as text, possibly with a zone; anything else is `forbidden` */
export function classOf(address: string): AddressClass {
  const bare = address.replace(/%.*$/, "");
  const version = isIP(bare);
  if (version === 0) return "forbidden";
  if (version === 4) return classIn(bare, "ipv4");
  const groups = groupsOf(bare);
  return worst([classIn(bare, "ipv6"), ...embedded(groups).map((ipv4) => classIn(ipv4, "ipv4"))]);
}

function classIn(address: string, family: "ipv4" | "ipv6"): AddressClass {
  if (FORBIDDEN[family].check(address, family)) return "forbidden";
  return PRIVATE[family].check(address, family) ? "private" : "public";
}

const worst = (classes: AddressClass[]): AddressClass =>
  (["forbidden", "private"] as const).find((one) => classes.includes(one)) ?? "public";

/** IPv4 addresses to which something on the way may translate this one. */
function embedded(g: readonly number[]): string[] {
  const zero = (from: number, to: number) => g.slice(from, to).every((group) => group === 0);
  const last = () => dotted(g[6]!, g[7]!);
  const found: string[] = [];
  if (zero(0, 5) && g[5] === 0xffff) found.push(last()); // mapped
  if (zero(0, 6) && (g[6] !== 0 || g[7]! > 1)) found.push(last()); // compatible
  if (zero(0, 4) && g[4] === 0xffff && g[5] === 0) found.push(last()); // translated (SIIT)
  if (g[0] === 0x64 && g[1] === 0xff9b) found.push(last(), dotted(g[3]!, (g[4]! << 8 | g[5]! >> 8) & 0xffff)); // NAT64
  if (g[0] === 0x2002) found.push(dotted(g[1]!, g[2]!)); // 6to4
  if (g[0] === 0x2001 && g[1] === 0) found.push(dotted(g[6]! ^ 0xffff, g[7]! ^ 0xffff)); // Teredo
  if ((g[4]! & 0xfdff) === 0 && g[5] === 0x5efe) found.push(last()); // ISATAP
  // of a well-known NAT64 address the middle is empty: 0.0.0.0 says nothing there
  return g[0] === 0x64 && zero(2, 6) ? [last()] : found;
}

const dotted = (high: number, low: number) => [high >> 8, high & 255, low >> 8, low & 255].join(".");

/** The eight groups of an IPv6 address without a zone; the URL parser writes it in one way only, without dots. */
export function groupsOf(address: string): number[] {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const read = (part: string) => part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
  const [first, second] = [read(head), read(tail ?? "")];
  return [...first, ...new Array(8 - first.length - second.length).fill(0), ...second];
}

/**
 * Whose address it is: an IPv4 address itself, of an IPv6 address the first four groups, since one subscriber has at least
 * such a network. Other text stays as it is.
 */
export function subscriberOf(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  return `${groupsOf(plain).slice(0, 4).map((group) => group.toString(16)).join(":")}::/64`;
}

type Families = { ipv4: BlockList; ipv6: BlockList };

/** One list for each family: an IPv4 rule in a list is also applied to mapped IPv6 addresses, and the reverse. */
function blockList(subnets: { ipv4: string[]; ipv6: string[] }, addresses: string[]): Families {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const family of ["ipv4", "ipv6"] as const) {
    for (const subnet of subnets[family]) {
      const [net = "", bits] = subnet.split("/");
      lists[family].addSubnet(net, Number(bits), family);
    }
  }
  for (const address of addresses) {
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    lists[family].addAddress(address, family);
  }
  return lists;
}
