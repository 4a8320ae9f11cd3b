import { Broadcaster } from "../actors/broadcaster.ts";
import { Hydrator } from "../actors/hydrator.ts";
import { Reader } from "../actors/reader.ts";
import { Recorder } from "../actors/recorder.ts";
import { Registry } from "../actors/registry.ts";
import type { Log, Runtime } from "../actors/runtime.ts";
import type { Validator } from "../actors/user_actor.ts";
import { AppendQueue } from "../db/append_queue.ts";
import { postgresDelivery } from "../db/delivery_postgres.ts";
import { postgresOplog } from "../db/oplog_postgres.ts";
import { postgresSessions } from "../db/sessions_postgres.ts";
import type { SecretBox } from "../db/secret_box.ts";
import { openSql, type Sql } from "../db/sql.ts";
import type { CountedClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { type LiveCatalog, openCatalog } from "./configs.ts";
import { Housekeeping } from "./housekeeping.ts";
import { LoopLag } from "./loop_lag.ts";
import { Metrics } from "./metrics.ts";
import type { Tracing } from "./tracing.ts";

/** What the server is made of below its routes. */
export type Services = {
  node: string;
  sql: Sql;
  catalog: LiveCatalog;
  metrics: Metrics;
  registry: Registry;
  recorder: Recorder;
  appends: AppendQueue;
  sessions: ReturnType<typeof postgresSessions>;
  housekeeping: Housekeeping;
  /** Writes what is pending and closes every connection to the database. */
  close(tell?: (step: string) => void): Promise<void>;
};

export type ServicesOptions = {
  config: Config;
  databaseUrl: string;
  /** How secrets lie in the database. */
  secrets: SecretBox;
  clock: CountedClock;
  log: Log;
  /** Absent: nothing is traced. */
  tracing?: Tracing | undefined;
  validator: (catalog: LiveCatalog) => Validator;
  /** Lets tests lose hints (STR-3). */
  loseHint?: () => boolean;
};

/** Connections of the log's commits, of their own, so that no read stands before them: the second for when one is held up. */
const APPEND_LANES = 2;

/** Puts the parts together: log, actors, housekeeping. The database is migrated already. */
export async function openServices(options: ServicesOptions): Promise<Services> {
  const { config, databaseUrl, clock, log, tracing } = options;
  const node = crypto.randomUUID();
  const sql = openSql(databaseUrl, { max: Math.max(2, config.postgresConnections - APPEND_LANES), byKey: true });
  const appendSqls = Array.from({ length: APPEND_LANES }, () => openSql(databaseUrl, { max: 1, byKey: true }));
  const listener = openSql(databaseUrl, { max: 1 });
  const failed = (error: unknown) => log("error", "database call failed", { error: String(error) });
  await sql`select ensure_identity()`;
  const connect = () => openSql(databaseUrl, { max: 1 });
  const catalog = await openCatalog(sql, { connect, secrets: options.secrets, clock, onError: failed });

  const store = postgresDelivery(sql);
  const sessions = postgresSessions(sql, node);
  const broadcaster = new Broadcaster({
    store,
    catalog,
    log,
    learned: (config, ops) => registry.learned(config, ops),
  });
  const recorder = new Recorder(store, clock, { failed });
  const hydrator = new Hydrator({ store, sessions, recorder, clock, failed });
  const lag = new LoopLag(clock);
  const metrics: Metrics = new Metrics(() => {
    const { sessions: connections, devices, users } = registry.counts;
    return {
      connections,
      devices,
      users,
      appendQueue: appends.length,
      hydrations: hydrator.length,
      timers: clock.timers,
      loopLag: lag.read(),
    };
  });
  const oplogs = appendSqls.map(postgresOplog);
  const appends = new AppendQueue(tracing ? oplogs.map((oplog) => tracing.wrapLog(oplog)) : oplogs, {
    limit: config.appendQueueMax,
    after: (ms, callback) => clock.after(ms, callback),
    shareOf: (op) => catalog.configByNo(op.config)?.instance ?? 0,
    observe: (ms, ops) => metrics.appended(ms, ops),
  });
  let tickets = 0;
  const runtime: Runtime = {
    clock,
    catalog,
    store,
    recorder,
    reader: new Reader(store, broadcaster, clock, { failed }),
    policy: { timeoutMs: config.ackTimeoutMs, timeoutMaxMs: config.ackTimeoutMaxMs, maxRetries: config.maxRetries },
    limits: { ops: config.windowOps, bytes: config.windowBytes },
    metrics,
    log,
    globalHead: (no) => broadcaster.head(no),
    ticket: () => ++tickets,
  };
  const validator = options.validator(catalog);
  const { heartbeatMs } = config;
  const registry: Registry = new Registry({ runtime, hydrator, sessions, broadcaster, validator, heartbeatMs });
  const housekeeping = new Housekeeping({
    sql,
    listener,
    node,
    clock,
    catalog,
    registry,
    broadcaster,
    recorder,
    store,
    sessions,
    log,
  });
  await housekeeping.start();

  return {
    node,
    sql,
    catalog,
    metrics,
    registry,
    recorder,
    appends,
    sessions,
    housekeeping,
    async close(tell = () => {}) {
      lag[Symbol.dispose]();
      await appends.drained();
      tell("points to be written");
      await recorder.close();
      tell("housekeeping");
      await housekeeping[Symbol.asyncDispose]();
      tell("the catalog");
      await catalog[Symbol.asyncDispose]();
      tell("the sessions' rows");
      await sessions.leave().catch(failed);
      tell("connections to the database");
      await Promise.all([sql, ...appendSqls, listener].map((pool) => pool.end({ timeout: 1 })));
    },
  };
}
