import { Button, Segmented } from "antd";
import { useMemo } from "react";
import { type OperatorRecord, type RecordAction, useRecords } from "../../api/records.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { useCan } from "../../app/session_gate.tsx";
import { oneOf, useCursorPage, useUrlState } from "../../app/url_state.ts";
import { Code } from "../../components/code.tsx";
import { CursorPager } from "../../components/cursor_pager.tsx";
import { type Column, DataList } from "../../components/data_list.tsx";
import { EmptyPage } from "../../components/empty_page.tsx";
import { FilterRange, useRange } from "../../components/filter_range.tsx";
import { FilterSelect, FilterText } from "../../components/filters.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Time, useTimeTitle } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { RecordDrawer } from "./record_drawer.tsx";

const FILTERS = ["operator", "action", "from", "to"];

/** Operation records (REC-2). Those about operators belong to no instance, and only an admin sees them. */
export function Component() {
  const t = useMessages();
  const { instanceId } = useCurrentInstance();
  const admin = useCan("manageOperators");
  const { get, set } = useUrlState();
  const page = useCursorPage();
  const ofOperators = admin && get("of") === "operators";
  const records = useRecords(ofOperators ? null : instanceId, {
    operator: get("operator"),
    action: oneOf(get("action"), Object.keys(t.records.actions) as RecordAction[]),
    ...useRange(),
    cursor: page.after,
  });
  const columns = useRecordColumns();
  const open = (record: OperatorRecord) => set({ record: record.id }, { keepPage: true });
  return (
    <Page title={t.records.title} hint={t.records.hint}>
      <search className="filters">
        {admin && (
          <Segmented
            aria-label={t.records.object}
            value={ofOperators ? "operators" : ""}
            options={[
              { value: "", label: t.records.scopeInstance },
              { value: "operators", label: t.records.scopeOperators },
            ]}
            onChange={(of) => set({ of })}
          />
        )}
        <FilterText name="operator" label={t.records.operatorPlaceholder} width={180} />
        <FilterSelect
          name="action"
          label={t.records.action}
          all={t.records.allActions}
          options={t.records.actions}
          width={190}
        />
        <FilterRange />
        {!get("from") && !get("to") && <span className="muted small">{t.records.defaultRange}</span>}
      </search>
      <QueryView query={records}>
        {({ items, next }) => (
          <>
            <DataList
              label={t.records.title}
              columns={columns}
              items={items}
              rowKey={(one) => one.id}
              busy={records.isPlaceholderData}
              empty={<EmptyPage page={page} next={next} filters={FILTERS} title={t.records.emptyTitle} />}
              actions={(one) => (
                <Button
                  size="small"
                  aria-label={`${t.common.details}: ${t.records.actions[one.action]} ${one.object}`}
                  onClick={() => open(one)}
                >
                  {t.common.details}
                </Button>
              )}
            />
            <CursorPager page={page} next={next} />
            <RecordDrawer
              record={items.find((one) => String(one.id) === get("record"))}
              onClose={() => set({ record: null }, { keepPage: true })}
            />
          </>
        )}
      </QueryView>
    </Page>
  );
}

function useRecordColumns(): Column<OperatorRecord>[] {
  const t = useMessages();
  const timeTitle = useTimeTitle();
  return useMemo(() => [
    { key: "action", title: t.records.action, heading: true, render: (one) => t.records.actions[one.action] },
    { key: "object", title: t.records.object, render: (one) => <Code text={one.object} /> },
    {
      key: "operator",
      title: t.records.operator,
      render: (one) => (one.operator === "token" ? t.records.token : one.operator),
    },
    { key: "at", ...timeTitle(t.records.at), render: (one) => <Time at={one.at} /> },
  ], [t, timeTitle]);
}
