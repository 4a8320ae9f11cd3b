import { Button } from "antd";
import { useMemo } from "react";
import { Link } from "react-router";
import { type Instance, useInstances } from "../../api/instances.ts";
import { useCan } from "../../app/session_gate.tsx";
import { useCursorPage, useUrlState } from "../../app/url_state.ts";
import { Code } from "../../components/code.tsx";
import { CursorPager } from "../../components/cursor_pager.tsx";
import { type Column, DataList } from "../../components/data_list.tsx";
import { EmptyState } from "../../components/feedback.tsx";
import { PlusOutlined } from "../../components/icons.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { StatusTag } from "../../components/status_tag.tsx";
import { Time, useTimeTitle } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { NewInstanceForm } from "./new_instance_form.tsx";

export function Component() {
  const t = useMessages();
  const canCreate = useCan("createInstances");
  const { get, set } = useUrlState();
  const page = useCursorPage();
  const instances = useInstances(page.after);
  const columns = useInstanceColumns();
  const create = canCreate && (
    <Button
      type="primary"
      icon={<PlusOutlined />}
      onClick={() => set({ new: "1" }, { keepPage: true })}
    >
      {t.instances.new}
    </Button>
  );
  const empty = (
    <EmptyState
      title={t.instances.emptyTitle}
      hint={canCreate ? t.instances.emptyHint : t.instances.emptyHintViewer}
      action={create}
    />
  );
  return (
    <Page title={t.instances.title} hint={t.instances.hint} extra={create}>
      <QueryView query={instances}>
        {({ items, next }) => (
          <>
            <DataList
              label={t.instances.title}
              columns={columns}
              items={items}
              rowKey={(one) => one.instanceId}
              empty={empty}
            />
            <CursorPager page={page} next={next} />
          </>
        )}
      </QueryView>
      {canCreate && (
        <NewInstanceForm
          open={get("new") === "1"}
          onClose={() => set({ new: null }, { keepPage: true })}
        />
      )}
    </Page>
  );
}

function useInstanceColumns(): Column<Instance>[] {
  const t = useMessages();
  const timeTitle = useTimeTitle();
  return useMemo(() => [
    {
      key: "name",
      title: t.instances.name,
      heading: true,
      render: (one) => <Link to={`/i/${encodeURIComponent(one.instanceId)}/overview`}>{one.name}</Link>,
    },
    { key: "id", title: t.instances.instanceId, render: (one) => <Code text={one.instanceId} copy /> },
    {
      key: "signature",
      title: t.instances.signature,
      render: (one) => (
        <StatusTag tone={one.signature ? "good" : "warn"}>{one.signature ? t.common.on : t.common.off}</StatusTag>
      ),
    },
    { key: "secrets", title: t.instances.secrets, align: "right", render: (one) => one.secrets.length },
    { key: "created", ...timeTitle(t.instances.createdAt), render: (one) => <Time at={one.createdAt} /> },
  ], [t, timeTitle]);
}
