import postgres from "postgres";
import type { Sql } from "postgres";

export type { Sql } from "postgres";

/** Ids and times are integers below 2^53: read bigint columns as numbers. */
const bigint = {
  to: 20,
  from: [20],
  serialize: (value: number) => String(value),
  parse: (value: string) => Number(value),
};

export type SqlOptions = {
  /** Connections at most. @default 8 */
  max?: number;
};

/**
 * Opens a pool of pipelined connections. Statements are prepared once per connection; `synchronous_commit` is on
 * whatever the database's default is (PUSH-3).
 */
export function openSql(url: string, { max = 8 }: SqlOptions = {}): Sql {
  const sql = postgres(url, {
    max,
    onnotice: () => {},
    connect_timeout: 10,
    max_lifetime: null,
    fetch_types: true,
    connection: {
      application_name: "syncline",
      synchronous_commit: "on",
      statement_timeout: 30_000,
    },
    types: { bigint },
  });
  return sql as unknown as Sql;
}
