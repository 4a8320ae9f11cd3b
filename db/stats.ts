/** Numbers over time (STA-1, STA-2). */

/** `stat.kind`: what one counter counts. Latency buckets follow from {@link LATENCY_KIND} on. */
export const STAT_KIND = { pushes: 0, arrivals: 1, discards: 2 } as const;

/** `stat.kind` of the first latency bucket. */
export const LATENCY_KIND = 10;

/** Upper ends, inclusive, ms, of the latency buckets (accepted to first acknowledgement); a last one has no end. */
export const LATENCY_BOUNDS_MS = [5, 10, 25, 50, 100, 250, 1_000, 5_000, 60_000, 3_600_000] as const;

/** The `stat.kind` that counts an arrival of this latency, ms. */
export function latencyKind(ms: number): number {
  const index = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
  return LATENCY_KIND + (index === -1 ? LATENCY_BOUNDS_MS.length : index);
}

export type DayStat = {
  /** UTC, `YYYY-MM-DD`. */
  day: string;
  bizType: string;
  pushes: number;
  arrivals: number;
  discards: number;
};

export type StatsQuery = {
  instanceNo: number;
  /** ms, inclusive; whole hours count. */
  from: number;
  /** ms, exclusive. */
  to: number;
  bizType?: string | undefined;
};

export type Latency = {
  /** ms, by linear interpolation inside a bucket; null where nothing arrived. */
  p50: number | null;
  p99: number | null;
  count: number;
};

export type Overview = {
  /** One point per `stepMs`, oldest first; steps without numbers are left out. */
  points: ({ at: number; pushes: number; arrivals: number; discards: number } & Latency)[];
  stepMs: number;
  /** Live connections, the highest sample of each step. */
  connections: { at: number; connections: number }[];
  latency: Latency & { buckets: { upToMs: number | null; count: number }[] };
};

/** Guarantees: counts of configs that exist, the same after restarts; a fold of counters under way is never half seen. */
export interface Stats {
  /** Per day and config, newest day first, then by bizType; days without numbers are left out. */
  days(
    query: StatsQuery & { after?: { day: string; bizType: string } | undefined; limit: number },
  ): Promise<{ items: DayStat[]; next: { day: string; bizType: string } | null }>;
  overview(query: StatsQuery): Promise<Overview>;
  /** Notes for every instance how many sessions are live now, and forgets samples older than 31 days. Idempotent per minute. */
  sampleConnections(now: number): Promise<void>;
}
