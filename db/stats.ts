/** Numbers over time (STA-1, STA-2). */

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
