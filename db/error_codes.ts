/** Deadlock, serialization, lock not available: the same transaction may well succeed. */
const TRANSIENT = new Set(["40P01", "40001", "55P03"]);

/** Postgres' code of an error, five characters; empty where it has none. */
export const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? "");

/** Whether the same transaction is worth another try. */
export const isTransient = (error: unknown): boolean => TRANSIENT.has(codeOf(error));
