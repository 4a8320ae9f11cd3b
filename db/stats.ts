/**
 * Numbers over time (STA-1, STA-2). What happened stays counted: a deleted config's numbers stay under its bizType,
 * together with those of a config made again.
 */

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
  /** ms, inclusive; the whole day or hour that it lies in counts. */
  from: number;
  /** ms, exclusive; the whole day or hour that the ms before it lies in counts. */
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
  /** One point per `stepMs`, an hour or a day (UTC), oldest first; steps without numbers are left out. */
  points: ({ at: number; pushes: number; arrivals: number; discards: number } & Latency)[];
  stepMs: number;
  /** Live connections, the highest sample of each step. */
  connections: { at: number; connections: number }[];
  /** Live connections at the last sample; null where there is none. */
  lastConnections: number | null;
  latency: Latency & { buckets: { upToMs: number | null; count: number }[] };
};

/** Guarantee: the same numbers after restarts; a fold of counters under way is never half seen. */
export interface Stats {
  /** Per day and config, newest day first, then by bizType; days without numbers are left out. */
  days(
    query: StatsQuery & { after?: { day: string; bizType: string } | undefined; limit: number },
  ): Promise<{ items: DayStat[]; next: { day: string; bizType: string } | null }>;
  overview(query: StatsQuery): Promise<Overview>;
  /**
   * The work of each minute: notes for every instance how many sessions are live, forgets samples older than 31 days,
   * and sums hours that are over. Safe on several servers at once.
   */
  sampleConnections(now: number): Promise<void>;
}
