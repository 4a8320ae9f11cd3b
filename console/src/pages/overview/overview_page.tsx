import { Segmented } from "antd";
import { useMemo } from "react";
import { type Overview, useOverview } from "../../api/overview.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { duration, localTime } from "../../app/time.ts";
import { oneOf, useUrlState } from "../../app/url_state.ts";
import { useFormat } from "../../app/use_format.ts";
import { FilterBiz } from "../../components/filters.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { ChartCard } from "./chart_card.tsx";
import { DayTable } from "./day_table.tsx";
import { KeyFigures } from "./key_figures.tsx";
import { LatencyDistribution } from "./latency_distribution.tsx";
import { LiveTail } from "./live_tail.tsx";
import "./overview.css";
import { everyStep } from "./points.ts";

const HOUR_MS = 3600_000;
const SPANS = { day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS } as const;
type Span = keyof typeof SPANS;
const SPAN_NAMES = Object.keys(SPANS) as Span[];

/** How the instance is doing: figures, pictures over time (STA-2), and what passes right now. */
export function Component() {
  const t = useMessages();
  const { instanceId, name } = useCurrentInstance();
  const { get, set } = useUrlState();
  const span = oneOf(get("span"), SPAN_NAMES) ?? "day";
  const overview = useOverview(instanceId, { span: SPANS[span], bizType: get("biz") || undefined });
  return (
    <Page
      title={t.overview.title}
      hint={overview.data ? `${name} · ${t.common.updatedAt(localTime(overview.data.to))}` : name}
      bare
      extra={
        <>
          <FilterBiz instanceId={instanceId} />
          <Segmented<Span>
            aria-label={t.overview.span}
            value={span}
            options={SPAN_NAMES.map((value) => ({ value, label: t.overview.spans[value] }))}
            onChange={(value) => set({ span: value })}
          />
        </>
      }
    >
      <QueryView query={overview}>
        {(found) => (
          <div className="stack overview" aria-busy={overview.isPlaceholderData}>
            <KeyFigures overview={found} />
            <Pictures overview={found} />
            <LiveTail instanceId={instanceId} />
            <DayTable instanceId={instanceId} span={SPANS[span]} bizType={get("biz") || undefined} />
          </div>
        )}
      </QueryView>
    </Page>
  );
}

function Pictures({ overview }: { overview: Overview }) {
  const t = useMessages();
  const format = useFormat();
  const steps = useMemo(() => everyStep(overview), [overview]);
  const times = useMemo(() => steps.map((step) => step.at), [steps]);
  const traffic = useMemo(() => [
    { label: t.overview.pushes, color: "blue" as const, area: true, values: steps.map((step) => step.pushes) },
    { label: t.overview.arrivals, color: "green" as const, values: steps.map((step) => step.arrivals) },
    { label: t.overview.discards, color: "red" as const, values: steps.map((step) => step.discards) },
  ], [steps, t]);
  const latency = useMemo(() => [
    { label: t.overview.p50, color: "green" as const, values: steps.map((step) => step.p50) },
    { label: t.overview.p99, color: "amber" as const, values: steps.map((step) => step.p99) },
  ], [steps, t]);
  const connectionTimes = useMemo(() => overview.connections.map((sample) => sample.at), [overview]);
  const connections = useMemo(() => [{
    label: t.overview.connections,
    color: "violet" as const,
    area: true,
    values: overview.connections.map((sample) => sample.connections),
  }], [overview, t]);
  return (
    <div className="chart-grid">
      <ChartCard title={t.overview.traffic} times={times} series={traffic} format={format.compact} />
      <ChartCard
        title={t.overview.connections}
        times={connectionTimes}
        series={connections}
        format={format.compact}
      />
      <ChartCard
        title={t.overview.latency}
        times={times}
        series={latency}
        format={duration}
        logarithmic
        empty={t.overview.noLatency}
      />
      <LatencyDistribution latency={overview.latency} />
    </div>
  );
}
