import type { Actor } from "../db/records.ts";
import type { Operator, Role } from "../db/operators.ts";

/** Who calls the admin API: an operator by the console's cookie, or the bearer token, which acts as an admin. */
export type Caller =
  | { by: "token"; login: "token"; role: "admin"; mustChangePassword: false }
  | { by: "session"; login: string; role: Role; mustChangePassword: boolean; operator: number; tokenHash: string };

/** What a request brings to prove who is calling. */
export type Credentials = { authorization?: string | undefined; sessionToken?: string | undefined };

/** A fresh login: the token for the cookie, ms until it expires, and who it is. */
export type LoggedIn = { token: string; lifetimeMs: number; caller: Caller };

/**
 * Operators' logins (CON-1). Guarantees: passwords are compared as scrypt hashes, and an unknown login takes as long as
 * a wrong password; a token is stored only as its hash; a login never goes on with an older token.
 */
export interface Accounts {
  /**
   * Makes the first admin on a database without operators.
   *
   * @returns its login and one-time password, to be printed once; undefined where operators exist.
   */
  createFirst(): Promise<{ login: string; password: string } | undefined>;
  identify(credentials: Credentials): Promise<Caller | undefined>;
  /** @throws {Refused} `LOGIN_FAILED`, `TOO_MANY_ATTEMPTS` */
  login(
    attempt: { login: string; password: string; address: string; replaces?: string | undefined },
  ): Promise<LoggedIn>;
  logout(caller: Caller): Promise<void>;
  /** Revokes the account's other sessions. @throws {Refused} `LOGIN_FAILED`, `ARGS_ILLEGAL`, `FORBIDDEN` */
  changePassword(caller: Caller, passwords: { current: string; next: string }): Promise<void>;
  /** @returns the account and its one-time password. @throws {Refused} `OPERATOR_EXISTS` */
  createOperator(
    actor: Actor,
    operator: { login: string; role: Role },
  ): Promise<{ operator: Operator; password: string }>;
  /** A new one-time password; all sessions end. @throws {Refused} `OPERATOR_NOT_FOUND` */
  resetPassword(actor: Actor, id: number): Promise<{ operator: Operator; password: string }>;
}
