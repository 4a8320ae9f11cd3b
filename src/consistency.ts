import type { Instance } from "../db/catalog.ts";
import type { Consistency as Verdict } from "./protocol.ts";

/** What one question to the tenant gave: the verdict, why, and the raw answer for the console's "try it". */
export type Trial = {
  verdict: Verdict;
  /** One sentence for operators; never holds the sessionId. */
  detail: string;
  /** The tenant's HTTP status; null where no answer came. */
  status: number | null;
  /** The tenant's raw answer; null where none came. */
  raw: string | null;
  durationMs: number;
};
export type { Instance };
