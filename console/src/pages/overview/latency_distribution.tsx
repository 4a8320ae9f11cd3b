import { Card } from "antd";
import type { Overview } from "../../api/overview.ts";
import { duration } from "../../app/time.ts";
import { useFormat } from "../../app/use_format.ts";
import { useMessages } from "../../i18n/provider.tsx";

/** How long arrivals took, as bars that are also a list of numbers. */
export function LatencyDistribution({ latency }: { latency: Overview["latency"] }) {
  const t = useMessages();
  const format = useFormat();
  const most = Math.max(1, ...latency.buckets.map((bucket) => bucket.count));
  return (
    <Card className="chart-card" title={t.overview.distribution} size="small">
      <p className="muted small">{t.overview.latencyHint}</p>
      {latency.count === 0 ? <div className="chart-empty muted">{t.overview.noLatency}</div> : (
        <ul className="bars">
          {latency.buckets.map((bucket, index) => (
            <li key={bucket.upToMs ?? "rest"}>
              <span className="bar-label">{bucketLabel(latency.buckets, index)}</span>
              <span className="bar-track">
                <span className="bar" style={{ width: `${(bucket.count / most) * 100}%` }} />
              </span>
              <span className="bar-count">{format.number(bucket.count)}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function bucketLabel(buckets: Overview["latency"]["buckets"], index: number): string {
  const end = buckets[index]?.upToMs;
  if (end !== null && end !== undefined) return `≤ ${duration(end)}`;
  return `> ${duration(buckets[index - 1]?.upToMs ?? 0)}`;
}
