import assert from "node:assert/strict";
import { z } from "zod";
import type { Role } from "../../db/operators.ts";
import type { Actor, NewRecord } from "../../db/records.ts";
import { Bodies } from "../../src/body.ts";
import { type Accounts, createAccounts } from "../../src/accounts.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { LiveCatalog } from "../../src/configs.ts";
import { createConsistency } from "../../src/consistency.ts";
import { getLogger } from "../../src/log.ts";
import { createLoginThrottle } from "../../src/login_throttle.ts";
import { createPasswords } from "../../src/passwords.ts";
import type { PushAnswer } from "../../src/result_codes.ts";
import { type AdminApp, adminApp } from "../../src/routes/admin/app.ts";
import type { Live, SessionInfo, SessionOwner } from "../../src/routes/admin/deps.ts";
import { postgresAdminStores } from "../../src/routes/admin/stores.ts";
import { TrustedProxies } from "../../src/trusted_proxies.ts";
import { ACTOR, type CatalogDatabase, catalogDatabase, liveCatalog } from "./catalog.ts";

export const ADMIN_TOKEN = "automation-token";

/** What the running server knows, as a test sets it, and what it was told. */
export class TestLive implements Live {
  readonly nodeId = "node-1";
  answer: PushAnswer = { success: true, msg: "SUCCESS" };
  online: SessionInfo[] = [];
  pushes: { instanceId: string; body: Record<string, unknown> }[] = [];
  /** What was to be recorded with them. */
  sent: { actor: Actor; record: NewRecord }[] = [];
  kicks: { instanceNo: number; owner: SessionOwner }[] = [];

  push(
    instanceId: string,
    body: Record<string, unknown>,
    sent: { actor: Actor; record: NewRecord },
  ): Promise<PushAnswer> {
    this.pushes.push({ instanceId, body });
    this.sent.push(sent);
    return Promise.resolve(this.answer);
  }

  sessions(): SessionInfo[] {
    return this.online;
  }

  kick(instanceNo: number, owner: SessionOwner): Promise<number> {
    this.kicks.push({ instanceNo, owner });
    return Promise.resolve(this.online.length);
  }
}

const AnswerBody = z.looseObject({
  code: z.string().optional(),
  message: z.string().optional(),
  field: z.string().optional(),
  items: z.array(z.looseObject({})).default([]),
  next: z.string().nullable().default(null),
});

/** An answer of the admin API as any caller sees it, without its type; an empty body reads as an empty object. */
export type Answer = { status: number; headers: Headers; json: unknown; body: z.infer<typeof AnswerBody> };

export type AdminServer = AsyncDisposable & {
  db: CatalogDatabase;
  catalog: LiveCatalog;
  accounts: Accounts;
  live: TestLive;
  app: AdminApp;
  errors: unknown[];
  /** A request as it would come over the wire; `body` is sent as JSON. */
  send(method: string, path: string, options?: { body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
  /** The same with the bearer token. */
  admin(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Headers of a new operator of this role who has logged in and chosen a password. */
  loggedIn(role: Role, login?: string): Promise<Record<string, string>>;
};

/** The admin API over a fresh database with the instance `sit_app`. */
export async function adminServer({ clock = systemClock, tls = false }: { clock?: Clock; tls?: boolean } = {}): Promise<
  AdminServer
> {
  const db = await catalogDatabase();
  const catalog = await liveCatalog(db);
  const stores = postgresAdminStores(db.sql);
  const passwords = createPasswords({ logN: 10, r: 8, p: 1 });
  const { operators } = stores;
  const throttle = createLoginThrottle(clock);
  const accounts = createAccounts({ operators, passwords, throttle, clock, adminToken: ADMIN_TOKEN });
  const consistency = createConsistency({ clock: systemClock, log: getLogger("test") });
  const live = new TestLive();
  const errors: unknown[] = [];
  const bodies = new Bodies(systemClock);
  const app = adminApp({
    ...stores,
    catalog,
    accounts,
    bodies,
    proxies: new TrustedProxies([]),
    live,
    clock,
    tls,
    tryValidation: consistency.tryUrl,
    publicAddress: { host: "sync.example", port: 443 },
    onError: (error) => errors.push(error),
  });
  const send: AdminServer["send"] = async (method, path, { body, headers = {} } = {}) => {
    const response = await app.request(path, {
      method,
      headers: { ...(body !== undefined && { "Content-Type": "application/json" }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status, headers: answered } = response;
    const json: unknown = JSON.parse(text || "{}");
    return { status, headers: answered, json, body: AnswerBody.parse(json) };
  };
  return {
    db,
    catalog,
    accounts,
    live,
    app,
    errors,
    send,
    admin: (method, path, body) =>
      send(method, path, { ...(body !== undefined && { body }), headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } }),
    async loggedIn(role, login = `the-${role}`) {
      const hash = await passwords.hash("correct horse battery");
      const operator = await operators.create(ACTOR, { login, role, hash });
      await operators.setPassword(ACTOR, operator.id, { hash, mustChange: false });
      const body = { login, password: "correct horse battery" };
      const answer = await send("POST", "/api/session", { body, headers: CONSOLE });
      assert.equal(answer.status, 200);
      return { ...CONSOLE, Cookie: cookieOf(answer) };
    },
    async [Symbol.asyncDispose]() {
      bodies[Symbol.dispose]();
      await catalog[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

/** What the console's own page sends with every request. */
export const CONSOLE = { "X-Syncline-Console": "1", "Sec-Fetch-Site": "same-origin" };

/** The cookie that an answer sets, as it is sent back. */
export function cookieOf({ headers }: Answer): string {
  return headers.get("Set-Cookie")?.split(";")[0] ?? "";
}
