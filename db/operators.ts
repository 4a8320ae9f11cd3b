import type { Actor } from "./records.ts";

/** The roles of operators, each including those before it (CON-1). */
export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = typeof ROLES[number];

export type Operator = {
  id: number;
  login: string;
  role: Role;
  disabled: boolean;
  /** Nothing but a new password is allowed until it is chosen. */
  mustChangePassword: boolean;
  /** ms. */
  createdAt: number;
  /** ms. */
  lastLoginAt: number | null;
};

/**
 * Operators' accounts and their login sessions. Guarantees:
 * - a change and its record are one transaction (REC-1); no record holds a password or a hash;
 * - a session is found only by the hash of its token, until it expires or is revoked; a disabled account, a reset
 *   password and a logout take effect on the next request;
 * - at least one enabled admin remains: what would take away the last one is refused with `LAST_ADMIN`.
 */
export interface OperatorStore {
  /** Creates the first admin on a database without operators. @returns whether it did. */
  createFirst(at: number, login: string, hash: string): Promise<boolean>;
  list(page: { after?: string | undefined; limit: number }): Promise<Operator[]>;
  byId(id: number): Promise<Operator | undefined>;
  byLogin(login: string): Promise<(Operator & { hash: string }) | undefined>;
  /** @throws {Refused} `OPERATOR_EXISTS` */
  create(actor: Actor, operator: { login: string; role: Role; hash: string }): Promise<Operator>;
  /** @throws {Refused} `OPERATOR_NOT_FOUND`, `LAST_ADMIN` */
  change(actor: Actor, id: number, change: { role?: Role; disabled?: boolean }): Promise<Operator>;
  /** Sets a password and revokes the account's sessions, except `keepSession` (a token hash). */
  setPassword(
    actor: Actor,
    id: number,
    password: { hash: string; mustChange: boolean; keepSession?: string },
  ): Promise<void>;

  /**
   * Replaces `replaces` (a token hash), so that a login never goes on with an older token.
   *
   * @returns false where `hash` is no longer the account's, or the account is disabled: nothing was opened.
   */
  openSession(
    session: {
      tokenHash: string;
      operator: number;
      hash: string;
      at: number;
      expiresAt: number;
      replaces?: string | undefined;
    },
  ): Promise<boolean>;
  findSession(tokenHash: string, now: number): Promise<Operator | undefined>;
  closeSession(tokenHash: string): Promise<void>;
  /** Forgets expired sessions. */
  sweepSessions(now: number): Promise<void>;
}
