/** Why the product refuses an operator's request: the closed table behind the admin API's `code` (docs/errors.md). */
export type RefusalCode =
  | "ARGS_ILLEGAL"
  | "UNAUTHENTICATED"
  | "LOGIN_FAILED"
  | "PASSWORD_CHANGE_REQUIRED"
  | "FORBIDDEN"
  | "CROSS_SITE"
  | "NOT_FOUND"
  | "INSTANCE_NOT_FOUND"
  | "INSTANCE_EXISTS"
  | "CONFIG_NOT_FOUND"
  | "CONFIG_EXISTS"
  | "CONFIG_ONLINE"
  | "SECRET_NOT_FOUND"
  | "SECRETS_FULL"
  | "PUSH_NOT_FOUND"
  | "OPERATOR_NOT_FOUND"
  | "OPERATOR_EXISTS"
  | "LAST_ADMIN"
  | "TOO_MANY_ATTEMPTS"
  | "BODY_TOO_LARGE"
  | "SYSTEM_ERROR";

/** A refusal that is told to the caller as it stands: a code of the table and a sentence naming the field. */
export class Refused extends Error {
  override name = "Refused";
  readonly code: RefusalCode;
  /** The field that the sentence names, where there is one. */
  readonly field: string | undefined;

  constructor(code: RefusalCode, message: string, field?: string) {
    super(message);
    this.code = code;
    this.field = field;
  }
}
