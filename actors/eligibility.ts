import type { Config } from "../db/catalog.ts";
import type { LoggedOp } from "../db/delivery.ts";

/** What a device reported about itself, and the form of it that filters compare with. */
export type Client = {
  readonly os: string | undefined;
  readonly version: readonly bigint[] | undefined;
  readonly hello: { readonly os: string | undefined; readonly appVersion: string | undefined };
};

export const DAY_MS = 86_400_000;

/**
 * The numeric parts of a version: each part's leading digits, trailing zeros dropped, so that missing parts are 0
 * (FLT-2). Undefined when a part has no leading digit: such a version is not readable.
 */
export function parseVersion(version: string | undefined): readonly bigint[] | undefined {
  if (version === undefined || version === "") return undefined;
  const parts: bigint[] = [];
  for (const part of version.split(".")) {
    const digits = /^\d+/.exec(part);
    if (!digits) return undefined;
    parts.push(BigInt(digits[0]));
  }
  while (parts.length > 0 && parts.at(-1) === 0n) parts.pop();
  return parts;
}

/** Negative, 0 or positive, part by part. */
export function compareVersions(a: readonly bigint[], b: readonly bigint[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const left = a[i] ?? 0n, right = b[i] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** Whether the op's OS and version range admit this device (FLT-1, FLT-2). */
export function admits(op: Pick<LoggedOp, "os" | "minVersion" | "maxVersion">, client: Client): boolean {
  if (op.os !== null && op.os.toLowerCase() !== client.os) return false;
  if (op.minVersion === null && op.maxVersion === null) return true;
  if (client.version === undefined) return false;
  const min = parseVersion(op.minVersion ?? undefined), max = parseVersion(op.maxVersion ?? undefined);
  if (min && compareVersions(client.version, min) < 0) return false;
  return !(max && compareVersions(client.version, max) > 0);
}

/** What the device says in `hello`, in comparable form. */
export function clientOf(os: string | undefined, appVersion: string | undefined): Client {
  return { os: os?.toLowerCase(), version: parseVersion(appVersion), hello: { os, appVersion } };
}

/** Different clients remembered at most. */
const CLIENTS = 1_000;

/** Many devices say the same about themselves: they share one object. */
export class Clients {
  readonly #known = new Map<string, Client>();

  of({ os, appVersion }: Client["hello"]): Client {
    const key = JSON.stringify([os, appVersion]);
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#known.size >= CLIENTS) this.#known.clear();
    const client = clientOf(os, appVersion);
    this.#known.set(key, client);
    return client;
  }
}

/** Past this the op is never sent: its own validity, or the config's retention as it is now (DLV-7, CFG-3). */
export function expiryOf(op: Pick<LoggedOp, "at" | "validUntil">, config: Config): number {
  return Math.min(op.validUntil, op.at + config.retentionDays * DAY_MS);
}
