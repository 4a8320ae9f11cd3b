/** When and how often unacknowledged ops are sent again (DLV-4). */
export type RetryPolicy = {
  /** Wait before the first retry, ms. @default 10000 */
  timeoutMs: number;
  /** Longest wait, ms. @default 60000 */
  timeoutMaxMs: number;
  /** Retries at most; then the op is discarded (DLV-6). @default 6 */
  maxRetries: number;
};

/** The wait after the send that followed `attempts` charged retries: doubles from the first to the longest. */
export function ackTimeout(policy: RetryPolicy, attempts: number): number {
  return Math.min(policy.timeoutMs * 2 ** attempts, policy.timeoutMaxMs);
}
