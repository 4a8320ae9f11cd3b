import { Button, Card } from "antd";
import { useMemo } from "react";
import { type Push, type PushState, usePushes } from "../../api/pushes.ts";
import type { Owner } from "../../api/status.ts";
import { pushLink } from "../../app/push_link.ts";
import { oneOf, useCursorPage, useUrlState } from "../../app/url_state.ts";
import { Code } from "../../components/code.tsx";
import { CursorPager } from "../../components/cursor_pager.tsx";
import { type Column, DataList } from "../../components/data_list.tsx";
import { EmptyPage } from "../../components/empty_page.tsx";
import { FilterRange, useRange } from "../../components/filter_range.tsx";
import { FilterBiz, FilterSelect, FilterText } from "../../components/filters.tsx";
import { PushStateTag } from "../../components/push_state_tag.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Time, useTimeTitle } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";

const FILTERS = ["biz", "state", "mid", "from", "to"];

/** The pushes for one owner, or of everybody, with the state of each. */
export function PushList({ instanceId, owner }: { instanceId: string; owner: Owner | null }) {
  const t = useMessages();
  const { get } = useUrlState();
  const page = useCursorPage();
  const states = t.status.states;
  const pushes = usePushes(instanceId, {
    ...(owner?.kind === "user" && { userId: owner.id }),
    ...(owner?.kind === "device" && { deviceId: owner.id }),
    bizType: get("biz"),
    state: oneOf(get("state"), Object.keys(states) as PushState[]),
    thirdMsgId: get("mid"),
    ...useRange(),
    cursor: page.after,
  });
  const columns = usePushColumns(owner === null);
  return (
    <Card title={t.status.pushes}>
      <search className="filters">
        <FilterBiz instanceId={instanceId} />
        <FilterSelect name="state" label={t.status.columns.state} all={t.status.filterState} options={states} />
        <FilterText name="mid" label={t.status.filterMid} width={240} />
        <FilterRange />
      </search>
      <QueryView query={pushes}>
        {({ items, next }) => (
          <>
            <DataList
              label={t.status.pushes}
              columns={columns}
              items={items}
              rowKey={(one) => `${one.bizType} ${one.owner} ${one.id}`}
              busy={pushes.isPlaceholderData}
              empty={<EmptyPage page={page} next={next} filters={FILTERS} title={t.status.noPushes} />}
              actions={(one) => <Open push={one} />}
            />
            <CursorPager page={page} next={next} />
          </>
        )}
      </QueryView>
    </Card>
  );
}

function Open({ push }: { push: Push }) {
  const t = useMessages();
  const { set } = useUrlState();
  return (
    <Button
      size="small"
      aria-label={`${t.common.details}: ${push.thirdMsgId ?? push.id}`}
      onClick={() => set(pushLink(push), { keepPage: true })}
    >
      {t.common.details}
    </Button>
  );
}

function usePushColumns(withOwner: boolean): Column<Push>[] {
  const t = useMessages();
  const timeTitle = useTimeTitle();
  return useMemo(() => {
    const words = t.status.columns;
    const columns: Column<Push>[] = [
      { key: "state", title: words.state, heading: true, render: (one) => <PushStateTag state={one.state} /> },
      { key: "biz", title: words.bizType, whole: true, render: (one) => <Code text={one.bizType} /> },
      { key: "mid", title: words.thirdMsgId, render: (one) => one.thirdMsgId ? <Code text={one.thirdMsgId} /> : "–" },
      { key: "created", ...timeTitle(words.createdAt), render: (one) => <Time at={one.createdAt} /> },
      { key: "arrived", ...timeTitle(words.arrivedAt), render: (one) => <Time at={one.arrivedAt} /> },
      { key: "device", title: words.device, render: (one) => one.deviceId ? <Code text={one.deviceId} /> : "–" },
    ];
    if (withOwner) {
      columns.splice(2, 0, {
        key: "owner",
        title: words.owner,
        render: (one) => one.owner ? <Code text={one.owner} /> : t.common.everybody,
      });
    }
    return columns;
  }, [withOwner, t, timeTitle]);
}
