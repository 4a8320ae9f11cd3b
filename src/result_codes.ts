/** The closed table of the push API's answers (docs/errors.md). Names are the replaced service's. */
export type ResultCode =
  | "SUCCESS"
  | "NOT_ONLINE"
  | "DUPLICATED_BIZ_ID"
  | "THIRDMSGID_IS_NULL"
  | "ARGS_IS_NULL"
  | "THIRD_MSG_ID_LONG"
  | "PAYLOAD_LONG"
  | "BIZ_NOT_ONLINE"
  | "NOT_SUPPORT_GLOBAL"
  | "SYSTEM_ERROR"
  | "ARGS_ILLEGAL"
  | "INSTANCE_NOT_FOUND"
  | "SIGNATURE_INVALID"
  | "SYSTEM_BUSY";

/** The answer's body; `detail` is one sentence naming the field, on refusals only. */
export type PushAnswer = { success: boolean; msg: ResultCode; detail?: string };

/** The HTTP status of an answer: business answers are 200, because existing callers read the body only then (PUSH-5). */
export function statusOf(code: ResultCode): 200 | 401 | 503 {
  if (code === "SIGNATURE_INVALID") return 401;
  return code === "SYSTEM_BUSY" ? 503 : 200;
}
