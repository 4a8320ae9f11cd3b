import postgres from "postgres";
import { patientSocket, type SocketAddress } from "./patient_socket.ts";
import type { Sql, TransactionSql } from "postgres";

export type { Sql } from "postgres";

/** Ids and times are integers below 2^53: read bigint columns as numbers. */
const bigint = {
  to: 20,
  from: [20],
  serialize: (value: number) => String(value),
  parse: (value: string) => Number(value),
};

/** A database that is back is noticed within this time, s. The driver's own longest wait is 20 s. */
const LONGEST_WAIT_S = 1;

export type SqlOptions = {
  /** Connections at most. @default 8 */
  max?: number;
  /**
   * Never reads a whole table where an index leads to the rows. For statements by key: what is in flight fills and empties
   * its tables within seconds, and a plan made from what was counted between would read all of them for each key.
   *
   * @default {false}
   */
  byKey?: boolean;
  /**
   * Statements may take as long as they like: making an index of a large table takes minutes.
   *
   * @default {false}
   */
  patient?: boolean;
  /**
   * Where the database owes an answer and says nothing for so long, ms, the connection is given up: its host has vanished,
   * or stands still. Without, the network would take a quarter of an hour to say so. No statement may take as long.
   *
   * @default {90_000}
   */
  silenceMs?: number;
};

/**
 * Opens a pool of pipelined connections. Statements are prepared once per connection. Whatever the database's defaults
 * are, `synchronous_commit` is on (PUSH-3), and a statement sees what was committed while it waited for a lock (STR-1).
 */
export function openSql(url: string, options: SqlOptions = {}): Sql {
  const { max = 8, byKey = false, patient = false, silenceMs = patient ? Infinity : 90_000 } = options;
  const sql = postgres(url, {
    max,
    onnotice: () => {},
    connect_timeout: 10,
    backoff: (failures: number) => Math.min(0.02 * 2 ** failures, LONGEST_WAIT_S) * (0.5 + Math.random() / 2),
    max_lifetime: null,
    fetch_types: true,
    connection: {
      application_name: "syncline",
      synchronous_commit: "on",
      default_transaction_isolation: "read committed",
      statement_timeout: patient ? 0 : 30_000,
      // a server that is frozen or cut off in the middle of a transaction would keep its locks from all others for hours
      idle_in_transaction_session_timeout: 10_000,
      ...(byKey ? { enable_seqscan: "off" } : {}),
    },
    types: { bigint },
    ...(isPlain(url) ? { socket: (address: SocketAddress) => patientSocket(address, silenceMs) } : {}),
  });
  return withSafeBegin(sql as unknown as Sql);
}

/** One host, by TCP, without TLS: the sockets of others the driver must make itself. */
function isPlain(url: string): boolean {
  if (!URL.canParse(url)) return false; // several hosts, each with its port
  const { hostname, searchParams } = new URL(url);
  return hostname !== "" && !/[,%]/.test(hostname) && !searchParams.has("host") &&
    ["sslmode", "ssl"].every((name) => ["disable", "false", null].includes(searchParams.get(name)));
}

type Begin = (...args: [string, Work] | [Work]) => Promise<unknown>;
type Work = (tx: TransactionSql) => unknown;

/**
 * The driver rolls back after every failure of a transaction, also when its connection is gone, and that write ends the
 * whole process (postgres.js 3.4.9). So a transaction that lost its connection is left as it is: the database has rolled
 * it back, and the driver fails it by itself when it learns that the connection is closed.
 */
function withSafeBegin(sql: Sql): Sql {
  const begin = sql.begin as unknown as Begin;
  const safe: Begin = (...args) => {
    const work = args.at(-1) as Work;
    let closed = false;
    const guarded: Work = async (tx) => {
      try {
        const result = await work(tx);
        return await (Array.isArray(result) ? Promise.all(result) : result);
      } catch (error) {
        if (closed || isLost(error)) return await new Promise<never>(() => {});
        throw error;
      }
    };
    const transaction = args.length === 1 ? begin(guarded) : begin(args[0] as string, guarded);
    return transaction.catch((error) => {
      closed = true;
      throw error;
    });
  };
  sql.begin = safe as unknown as Sql["begin"];
  return sql;
}

/** Whether the error says that the connection is closed, or will be at once. */
function isLost(error: unknown): boolean {
  const { code, severity, syscall } = error as { code?: unknown; severity?: unknown; syscall?: unknown };
  return severity === "FATAL" || severity === "PANIC" || syscall !== undefined ||
    String(code).startsWith("CONNECTION_");
}
