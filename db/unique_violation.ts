import postgres from "postgres";

/** Whether Postgres refused a row because its unique key is taken (SQLSTATE 23505). */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === "23505";
}
