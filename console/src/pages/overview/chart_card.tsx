import { Button, Card } from "antd";
import { type ReactNode, useState } from "react";
import { localTime } from "../../app/time.ts";
import { Chart, type Series } from "../../components/chart.tsx";
import { LineChartOutlined, TableOutlined } from "../../components/icons.tsx";
import { useTimeTitle } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";

interface ChartCardProps {
  title: string;
  hint?: string;
  times: number[];
  series: Series[];
  format: (value: number) => string;
  empty?: ReactNode;
  logarithmic?: boolean;
}

/** A chart, or the same numbers as a table for those who cannot or would rather not read a picture. */
export function ChartCard({ title, hint, times, series, format, empty, logarithmic = false }: ChartCardProps) {
  const t = useMessages();
  const [asTable, setAsTable] = useState(false);
  const has = times.length > 0 && series.some((one) => one.values.some((value) => value !== null));
  return (
    <Card
      className="chart-card"
      title={title}
      size="small"
      extra={has && (
        <Button
          type="text"
          size="small"
          icon={asTable ? <LineChartOutlined /> : <TableOutlined />}
          aria-label={`${asTable ? t.overview.asChart : t.overview.asTable}: ${title}`}
          title={asTable ? t.overview.asChart : t.overview.asTable}
          onClick={() => setAsTable(!asTable)}
        />
      )}
    >
      {hint && <p className="muted small">{hint}</p>}
      {!has && <div className="chart-empty muted">{empty ?? t.overview.noNumbers}</div>}
      {has && !asTable && (
        <Chart
          label={t.overview.chartOf(title)}
          times={times}
          series={series}
          format={format}
          logarithmic={logarithmic}
        />
      )}
      {has && asTable && <Numbers times={times} series={series} format={format} label={title} />}
    </Card>
  );
}

interface NumbersProps {
  times: number[];
  series: Series[];
  format: (value: number) => string;
  label: string;
}

function Numbers({ times, series, format, label }: NumbersProps) {
  const t = useMessages();
  const timeTitle = useTimeTitle();
  const rows = times.map((at, index) => ({ at, index })).reverse();
  return (
    <div className="numbers" tabIndex={0} role="group" aria-label={label}>
      <table className="object">
        <thead>
          <tr>
            <th scope="col">{timeTitle(t.records.at).title}</th>
            {series.map((one) => <th key={one.label} scope="col">{one.label}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ at, index }) => (
            <tr key={at}>
              <th scope="row" className="time">{localTime(at)}</th>
              {series.map((one) => {
                const value = one.values[index];
                return <td key={one.label}>{value === null || value === undefined ? "–" : format(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
