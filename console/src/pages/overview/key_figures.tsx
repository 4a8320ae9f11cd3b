import { Card } from "antd";
import { Link } from "react-router";
import type { Overview } from "../../api/overview.ts";
import { duration } from "../../app/time.ts";
import { useFormat } from "../../app/use_format.ts";
import { Figure, Figures } from "../../components/figure.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { totals } from "./points.ts";

/** The numbers that tell at a glance whether all is well. */
export function KeyFigures({ overview }: { overview: Overview }) {
  const t = useMessages();
  const format = useFormat();
  const { pushes, arrivals, discards } = totals(overview.points);
  const { latency, configs } = overview;
  const ms = (value: number | null) => (value === null ? "–" : duration(value));
  return (
    <Card>
      <Figures>
        <Figure
          label={t.overview.connections}
          value={format.number(overview.lastConnections ?? 0)}
          hint={t.overview.now}
        />
        <Figure label={t.overview.pushes} value={format.number(pushes)} hint={t.overview.inPeriod} />
        <Figure
          label={t.overview.arrivals}
          value={format.number(arrivals)}
          hint={pushes > 0 && `${t.overview.rate} ${format.percent(arrivals / pushes)}`}
        />
        <Figure
          label={t.overview.discards}
          value={<Link to="../deadletters" relative="path">{format.number(discards)}</Link>}
          hint={t.overview.inPeriod}
        />
        <Figure
          label={t.overview.latency}
          value={ms(latency.p50)}
          hint={`${t.overview.p50} · ${t.overview.p99} ${ms(latency.p99)}`}
        />
        <Figure
          label={t.overview.configStates}
          value={<Link to="../configs?status=online" relative="path">{configs.online}</Link>}
          hint={
            <>
              {t.overview.online} · <Link to="../configs?status=offline" relative="path">{configs.offline}</Link>{" "}
              {t.overview.offline}
            </>
          }
        />
      </Figures>
    </Card>
  );
}
