/** A refusal of the admin API: a proper status and `{code, message}`; status 0 when no answer came at all. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  /** The field that was refused, where the server names one. */
  readonly field: string | undefined;

  constructor(refusal: { status: number; code: string; message: string; field?: string | undefined }) {
    super(refusal.message);
    this.status = refusal.status;
    this.code = refusal.code;
    this.field = refusal.field;
  }
}

/** Whether trying the same again can help. */
export function isTransient(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 503);
}
