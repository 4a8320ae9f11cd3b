import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Operator, OperatorStore, Role } from "../db/operators.ts";
import type { Actor } from "../db/records.ts";
import { Refused } from "../db/refused.ts";
import type { Clock } from "./clock.ts";
import type { LoginThrottle } from "./login_throttle.ts";
import { oneTimePassword, type Passwords } from "./passwords.ts";

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
  /** Revokes the account's other sessions. @throws {Refused} `ARGS_ILLEGAL`, `FORBIDDEN`, `TOO_MANY_ATTEMPTS` */
  changePassword(caller: Caller, passwords: { current: string; next: string }): Promise<void>;
  /** @returns the account and its one-time password. @throws {Refused} `OPERATOR_EXISTS` */
  createOperator(
    actor: Actor,
    operator: { login: string; role: Role },
  ): Promise<{ operator: Operator; password: string }>;
  /** A new one-time password; all sessions end. @throws {Refused} `OPERATOR_NOT_FOUND` */
  resetPassword(actor: Actor, id: number): Promise<{ operator: Operator; password: string }>;
}

/** How long a login lasts, ms: a working day. */
const SESSION_MS = 12 * 3600_000;
/** The login of the admin that the first start makes (CON-1). */
const FIRST_LOGIN = "admin";

export type AccountsDeps = {
  operators: OperatorStore;
  passwords: Passwords;
  throttle: LoginThrottle;
  clock: Clock;
  /** The bearer token (OPS-1); null turns it off. */
  adminToken: string | null;
};

export function createAccounts(deps: AccountsDeps): Accounts {
  const { operators, passwords, clock } = deps;

  return {
    async createFirst() {
      if ((await operators.list({ limit: 1 })).length > 0) return undefined;
      const password = oneTimePassword();
      const made = await operators.createFirst(clock.now(), FIRST_LOGIN, await passwords.hash(password));
      return made ? { login: FIRST_LOGIN, password } : undefined;
    },
    async identify({ authorization, sessionToken }) {
      // Who sends a bearer token means it: a wrong one is not made up for by a cookie, which would pass unguarded.
      if (isBearer(authorization)) return bearer(deps.adminToken, authorization);
      if (sessionToken === undefined || sessionToken === "") return undefined;
      const tokenHash = hashOf(sessionToken);
      const operator = await operators.findSession(tokenHash, clock.now());
      return operator && callerOf(operator, tokenHash);
    },
    login: (attempt) => login(deps, attempt),
    async logout(caller) {
      if (caller.by === "session") await operators.closeSession(caller.tokenHash);
    },
    changePassword: (caller, change) => changePassword(deps, caller, change),
    async createOperator(actor, { login, role }) {
      const password = oneTimePassword();
      return {
        operator: await operators.create(actor, { login, role, hash: await passwords.hash(password) }),
        password,
      };
    },
    async resetPassword(actor, id) {
      const password = oneTimePassword();
      await operators.setPassword(actor, id, { hash: await passwords.hash(password), mustChange: true });
      const operator = await operators.byId(id);
      if (operator === undefined) throw new Refused("OPERATOR_NOT_FOUND", `There is no operator ${id}`);
      return { operator, password };
    },
  };
}

async function login(
  { operators, passwords, throttle, clock }: AccountsDeps,
  attempt: Parameters<Accounts["login"]>[0],
): Promise<LoggedIn> {
  const wait = throttle.waitMs(attempt.login, attempt.address);
  if (wait > 0) {
    throw new Refused("TOO_MANY_ATTEMPTS", `Too many failed logins: try again in ${Math.ceil(wait / 1000)} s`);
  }
  throttle.tried(attempt.login, attempt.address);
  const operator = await operators.byLogin(attempt.login).catch((error) => {
    throttle.untried(attempt.login, attempt.address);
    throw error;
  });
  const equal = await passwords.equals(attempt.password, operator?.hash);
  if (operator === undefined || !equal || operator.disabled) throw failed();
  throttle.succeeded(attempt.login, attempt.address);
  const token = randomBytes(32).toString("base64url");
  const at = clock.now();
  await operators.sweepSessions(at);
  const opened = await operators.openSession({
    tokenHash: hashOf(token),
    operator: operator.id,
    hash: operator.hash,
    at,
    expiresAt: at + SESSION_MS,
    replaces: attempt.replaces && hashOf(attempt.replaces),
  });
  if (!opened) throw failed();
  return { token, lifetimeMs: SESSION_MS, caller: callerOf(operator, hashOf(token)) };
}

function failed(): Refused {
  return new Refused("LOGIN_FAILED", "login or password is wrong, or the account is disabled");
}

async function changePassword(
  { operators, passwords, throttle, clock }: AccountsDeps,
  caller: Caller,
  { current, next }: { current: string; next: string },
): Promise<void> {
  if (caller.by === "token") throw new Refused("FORBIDDEN", "The bearer token has no password to change");
  const wait = throttle.waitMs(caller.login, "");
  if (wait > 0) throw new Refused("TOO_MANY_ATTEMPTS", `Too many attempts: try again in ${Math.ceil(wait / 1000)} s`);
  throttle.tried(caller.login, "");
  const operator = await operators.byLogin(caller.login);
  if (!await passwords.equals(current, operator?.hash)) {
    throw new Refused("ARGS_ILLEGAL", "current is not the password of this account", "current");
  }
  throttle.succeeded(caller.login, "");
  if (next === current) throw new Refused("ARGS_ILLEGAL", "next must be another password than current", "next");
  const actor = { operator: caller.login, at: clock.now() };
  const hash = await passwords.hash(next);
  await operators.setPassword(actor, caller.operator, { hash, mustChange: false, keepSession: caller.tokenHash });
}

/** Whether the header brings a bearer token; a proxy in front may use the header for a scheme of its own. */
export function isBearer(authorization: string | undefined): authorization is string {
  return authorization !== undefined && /^Bearer( |$)/i.test(authorization);
}

function bearer(adminToken: string | null, authorization: string): Caller | undefined {
  const given = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (adminToken === null || given === undefined || !equalText(given, adminToken)) return undefined;
  return { by: "token", login: "token", role: "admin", mustChangePassword: false };
}

/** In constant time, whatever the lengths: what is compared are the hashes. */
function equalText(one: string, other: string): boolean {
  return timingSafeEqual(createHash("sha256").update(one).digest(), createHash("sha256").update(other).digest());
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

function callerOf({ id, login, role, mustChangePassword }: Operator, tokenHash: string): Caller {
  return { by: "session", operator: id, login, role, mustChangePassword, tokenHash };
}
