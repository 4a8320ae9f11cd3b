import type { ReactNode } from "react";

export type Tone = "good" | "busy" | "warn" | "bad" | "idle";

/** A state in a word and a colour; the word alone is enough to understand it. */
export function StatusTag({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`status status-${tone}`}>{children}</span>;
}
