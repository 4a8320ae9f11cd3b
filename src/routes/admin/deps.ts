import type { Catalog, Instance } from "../../../db/catalog.ts";
import type { CatalogStore } from "../../../db/catalog_store.ts";
import type { OperatorStore } from "../../../db/operators.ts";
import type { PushStates } from "../../../db/push_states.ts";
import type { Actor, NewRecord, Records } from "../../../db/records.ts";
import type { SessionRows } from "../../../db/session_rows.ts";
import type { Stats } from "../../../db/stats.ts";
import type { Clock } from "../../clock.ts";
import type { PushAnswer } from "../../result_codes.ts";
import type { Trial } from "../../consistency.ts";
import type { Accounts } from "../../accounts.ts";
import type { Bodies } from "../../body.ts";
import type { TrustedProxies } from "../../trusted_proxies.ts";

/** One live connection, as the status pages show it (CON-4). */
export type SessionInfo = {
  deviceId: string;
  /** The bound user. */
  userId: string | null;
  os: string | null;
  appVersion: string | null;
  foreground: boolean;
  /** ms since 1970. */
  connectedAt: number;
  consistency: "valid" | "invalid" | "unknown" | null;
};

/** Whose sessions: a user's or a device's. */
export type SessionOwner = { userId: string } | { deviceId: string };

/** What only the running server knows; `src/main.ts` fills it. */
export interface Live {
  /** Which rows of the session table are this process's own: for those `sessions` is asked instead. */
  readonly nodeId: string;
  /**
   * Takes a push as the REST API does after the signature check (PUSH-1): single or global by the config, so that
   * `NOT_SUPPORT_GLOBAL` cannot happen. Writes `sent` exactly when the push is taken: in the transaction that stores it,
   * or, where the config stores nothing, before it is handed on (REC-1).
   */
  push(
    instanceId: string,
    body: Record<string, unknown>,
    sent: { actor: Actor; record: NewRecord },
  ): Promise<PushAnswer>;
  /** The live sessions of this process. */
  sessions(instanceNo: number, owner: SessionOwner): SessionInfo[];
  /** Closes the owner's sessions with 4403. @returns how many */
  kick(instanceNo: number, owner: SessionOwner): Promise<number>;
}

/** The stores behind the admin API; `postgresAdminStores` makes them. */
export type AdminStores = {
  store: CatalogStore;
  records: Records;
  operators: OperatorStore;
  pushStates: PushStates;
  sessionRows: SessionRows;
  stats: Stats;
};

export type AdminDeps = AdminStores & {
  /** `refresh` makes this process see its own change before the request is answered. */
  catalog: Catalog & { refresh(): Promise<void> };
  accounts: Accounts;
  bodies: Bodies;
  live: Live;
  /** Asks a validation URL once and tells all (the console's "try it"). */
  tryValidation(instance: Instance, url: string, who: { userId: string; sessionId: string }): Promise<Trial>;
  /** Address for `meta.config` (INS-3). */
  publicAddress: { host: string; port: number };
  clock: Clock;
  /** Whose word about a caller's address is taken. */
  proxies: TrustedProxies;
  /** Whether this server speaks TLS itself: cookies are then `Secure`. */
  tls: boolean;
  /** Called with what is our fault; the caller is told `SYSTEM_ERROR` only. */
  onError(error: unknown): void;
};
