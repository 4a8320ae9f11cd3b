import { LATENCY_BUCKETS } from "./progress_postgres.ts";
import type { Latency } from "./stats.ts";

/** `n` things of one kind (`stat.kind`) in one step of time. */
export type Counted = { step: number; kind: number; n: number };

/** `stat.kind` of the first latency bucket. */
const FIRST_KIND = 10;

/** p50 and p99 of the latency buckets among these counters, by linear interpolation inside a bucket, ms. */
export function latencyOf(rows: readonly Counted[]): Latency {
  const counts = LATENCY_BUCKETS.map(() => 0);
  for (const { kind, n } of rows) {
    const bucket = kind - FIRST_KIND;
    if (bucket in counts) counts[bucket] = (counts[bucket] ?? 0) + n;
  }
  const count = counts.reduce((sum, n) => sum + n, 0);
  return { p50: quantile(counts, count * 0.5), p99: quantile(counts, count * 0.99), count };
}

/** The last bucket has no end: what lies in it is told as its beginning. */
function quantile(counts: readonly number[], rank: number): number | null {
  if (rank === 0) return null;
  let below = 0;
  for (const [bucket, n] of counts.entries()) {
    const from = bucket === 0 ? 0 : LATENCY_BUCKETS[bucket - 1] ?? 0;
    const to = LATENCY_BUCKETS[bucket] ?? Infinity;
    if (n > 0 && below + n >= rank) return Number.isFinite(to) ? from + (to - from) * (rank - below) / n : from;
    below += n;
  }
  return null;
}
