import { Flex } from "antd";
import { useMemo } from "react";
import { Link } from "react-router";
import { type Config, useConfigs } from "../../api/configs.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { useCan } from "../../app/session_gate.tsx";
import { oneOf, useCursorPage, useUrlState } from "../../app/url_state.ts";
import { ClearFilters } from "../../components/clear_filters.tsx";
import { CursorPager } from "../../components/cursor_pager.tsx";
import { type Column, DataList } from "../../components/data_list.tsx";
import { EmptyState } from "../../components/feedback.tsx";
import { FilterSelect, FilterText } from "../../components/filters.tsx";
import { PlusOutlined } from "../../components/icons.tsx";
import { LinkButton } from "../../components/link_button.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Time, useTimeTitle } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { ConfigStatusTag } from "./config_facts.tsx";
import { StatusChange } from "./status_change.tsx";

const FILTERS = ["q", "status"];

export function Component() {
  const t = useMessages();
  const { instanceId } = useCurrentInstance();
  const canEdit = useCan("editConfigs");
  const { get } = useUrlState();
  const page = useCursorPage();
  const filtered = FILTERS.some((name) => get(name) !== "");
  const configs = useConfigs(instanceId, {
    q: get("q") || undefined,
    status: oneOf(get("status"), ["online", "offline"]),
    cursor: page.after,
  });
  const columns = useConfigColumns();
  const create = canEdit && <LinkButton primary icon={<PlusOutlined />} to="new">{t.configs.new}</LinkButton>;
  const empty = filtered
    ? <EmptyState title={t.states.emptyFiltered} action={<ClearFilters names={FILTERS} />} />
    : <EmptyState title={t.configs.emptyTitle} hint={t.configs.emptyHint} action={create} />;
  return (
    <Page title={t.configs.title} hint={t.configs.hint} extra={create}>
      <search className="filters">
        <FilterText name="q" label={t.configs.searchPlaceholder} width={260} />
        <FilterSelect name="status" label={t.configs.status} all={t.configs.allStatuses} options={t.configs.statuses} />
      </search>
      <QueryView query={configs}>
        {({ items, next }) => (
          <>
            <DataList
              label={t.configs.title}
              columns={columns}
              items={items}
              rowKey={(one) => one.bizType}
              busy={configs.isPlaceholderData}
              empty={empty}
              {...(canEdit && { actions: (one: Config) => <Actions config={one} /> })}
            />
            <CursorPager page={page} next={next} />
          </>
        )}
      </QueryView>
    </Page>
  );
}

function Actions({ config }: { config: Config }) {
  const t = useMessages();
  const path = encodeURIComponent(config.bizType);
  return (
    <Flex gap={8} justify="flex-end" className="row-actions">
      <LinkButton size="small" to={`${path}/edit`} label={`${t.common.edit}: ${config.bizType}`}>
        {t.common.edit}
      </LinkButton>
      <StatusChange config={config} size="small" />
    </Flex>
  );
}

function useConfigColumns(): Column<Config>[] {
  const t = useMessages();
  const timeTitle = useTimeTitle();
  return useMemo(() => [
    {
      key: "bizType",
      title: t.configs.bizType,
      whole: true,
      heading: true,
      render: (one) => <Link className="code" to={encodeURIComponent(one.bizType)}>{one.bizType}</Link>,
    },
    { key: "description", title: t.configs.description, render: (one) => one.description },
    { key: "scope", title: t.configs.scope, whole: true, render: (one) => t.configs.scopes[one.scope] },
    { key: "target", title: t.configs.target, render: (one) => t.configs.targets[one.target] },
    { key: "status", title: t.configs.status, render: (one) => <ConfigStatusTag status={one.status} /> },
    { key: "updated", ...timeTitle(t.configs.updatedAt), render: (one) => <Time at={one.updatedAt} /> },
  ], [t, timeTitle]);
}
