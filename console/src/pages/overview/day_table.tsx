import { Card } from "antd";
import { useMemo } from "react";
import { type DayStat, useDayStats } from "../../api/overview.ts";
import { useCursorPage } from "../../app/url_state.ts";
import { useFormat } from "../../app/use_format.ts";
import { Code } from "../../components/code.tsx";
import { CursorPager } from "../../components/cursor_pager.tsx";
import { type Column, DataList } from "../../components/data_list.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useMessages } from "../../i18n/provider.tsx";

interface DayTableProps {
  instanceId: string;
  span: number;
  bizType: string | undefined;
}

/** The numbers behind the pictures, per day and config (STA-1). */
export function DayTable({ instanceId, span, bizType }: DayTableProps) {
  const t = useMessages();
  const page = useCursorPage();
  const days = useDayStats(instanceId, { span, bizType, cursor: page.after });
  const columns = useDayColumns();
  return (
    <Card title={t.overview.byDay} size="small">
      <QueryView query={days}>
        {({ items, next }) => (
          <>
            <DataList
              label={t.overview.byDay}
              columns={columns}
              items={items}
              rowKey={(one) => `${one.day} ${one.bizType}`}
              busy={days.isPlaceholderData}
              empty={<div className="chart-empty muted">{t.overview.noNumbers}</div>}
            />
            <CursorPager page={page} next={next} />
          </>
        )}
      </QueryView>
    </Card>
  );
}

function useDayColumns(): Column<DayStat>[] {
  const t = useMessages();
  const format = useFormat();
  return useMemo(() => [
    { key: "day", title: t.overview.day, heading: true, render: (one) => <span className="time">{one.day}</span> },
    { key: "biz", title: t.filters.biz, whole: true, render: (one) => <Code text={one.bizType} /> },
    { key: "pushes", title: t.overview.pushes, align: "right", render: (one) => format.number(one.pushes) },
    { key: "arrivals", title: t.overview.arrivals, align: "right", render: (one) => format.number(one.arrivals) },
    {
      key: "rate",
      title: t.overview.rate,
      align: "right",
      render: (one) => (one.pushes === 0 ? "–" : format.percent(one.arrivals / one.pushes)),
    },
    { key: "discards", title: t.overview.discards, align: "right", render: (one) => format.number(one.discards) },
  ], [t, format]);
}
