import type { Config, Instance } from "./catalog.ts";
import type { Actor } from "./records.ts";

/** What a new config needs; the rest is made by the store. It is online (CFG-1). */
export type NewConfig = Omit<Config, "no" | "instance" | "status" | "floor" | "createdAt" | "updatedAt">;

/** The fields of a config that may change (CFG-3). */
export type ConfigChange = {
  [F in "description" | "persistent" | "retentionDays" | "threshold" | "consistency"]?: Config[F] | undefined;
};

/** The fields of an instance that may change (OPS-5). */
export type InstanceChange = {
  [F in "name" | "signature" | "sessionValidateUrl"]?: Instance[F] | undefined;
};

/** A secret as it is listed: without its text. */
export type SecretHead = { id: string; kind: "server" | "app"; createdAt: number };

/** The whole catalog as of one moment, and its version. */
export type CatalogSnapshot = { version: number; instances: Instance[]; configs: Config[] };

/**
 * Changes of the catalog. Guarantees:
 * - a change and its operator record are one transaction: neither exists without the other (REC-1);
 * - every change raises the catalog's version, by which all processes learn of it within a second (CFG-4);
 * - a change that changes nothing writes no record.
 *
 * Every method throws `Refused` for what the rules forbid: `INSTANCE_NOT_FOUND`, `INSTANCE_EXISTS`,
 * `CONFIG_NOT_FOUND`, `CONFIG_EXISTS`, `CONFIG_ONLINE`, `SECRET_NOT_FOUND`, `SECRETS_FULL`.
 */
export interface CatalogStore {
  /** The version alone: cheap enough to be asked for each second. */
  version(): Promise<number>;
  /** All instances, active secrets and configs as of one snapshot; deleted configs are left out. */
  load(): Promise<CatalogSnapshot>;

  createInstance(actor: Actor, instance: { workspaceId: string; appId: string; name: string }): Promise<string>;
  changeInstance(actor: Actor, instanceNo: number, change: InstanceChange): Promise<void>;
  /** A new active secret; at most two of each kind (INS-2). Its text is returned this once. */
  createSecret(
    actor: Actor,
    instanceNo: number,
    kind: "server" | "app",
  ): Promise<{ id: string; kind: "server" | "app"; secret: string }>;
  revokeSecret(actor: Actor, instanceNo: number, id: string): Promise<void>;
  /** Lets the ids of all streams of the instance jump ahead of any that can have been given out (STR-1). */
  jumpIds(actor: Actor, instanceNo: number): Promise<void>;

  /** A config made again under a deleted one's name goes on with higher ids (CFG-5). */
  createConfig(actor: Actor, instanceNo: number, config: NewConfig): Promise<void>;
  /** `check` sees the changed config and throws what the rules forbid; it runs inside the transaction. */
  changeConfig(
    actor: Actor,
    key: { instanceNo: number; bizType: string },
    change: ConfigChange,
    check: (after: Config) => void,
  ): Promise<void>;
  /** Once this returns, no push of an offline config is accepted any more (CFG-4). */
  setConfigStatus(
    actor: Actor,
    key: { instanceNo: number; bizType: string },
    status: "online" | "offline",
  ): Promise<void>;
  /** Only an offline config; its ops are deleted later, in small batches, and are out of reach at once (CFG-5). */
  deleteConfig(actor: Actor, key: { instanceNo: number; bizType: string }): Promise<void>;
}
