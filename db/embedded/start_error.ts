/** The embedded Postgres could not be started, or a database not be used. The message is one sentence for the operator, and says what to do. */
export class StartError extends Error {
  override name = "StartError";
}

/** The words of an unknown thrown value, for the end of a sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
