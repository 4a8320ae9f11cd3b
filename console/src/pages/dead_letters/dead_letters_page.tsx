import { useMemo } from "react";
import { Link } from "react-router";
import { type DeadLetter, type DeadLetterReason, useDeadLetters } from "../../api/pushes.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { pushLink } from "../../app/push_link.ts";
import { useCan } from "../../app/session_gate.tsx";
import { oneOf, useCursorPage, useUrlState } from "../../app/url_state.ts";
import { Code } from "../../components/code.tsx";
import { CursorPager } from "../../components/cursor_pager.tsx";
import { type Column, DataList } from "../../components/data_list.tsx";
import { EmptyPage } from "../../components/empty_page.tsx";
import { FilterRange, useRange } from "../../components/filter_range.tsx";
import { FilterBiz, FilterSelect, FilterText } from "../../components/filters.tsx";
import { LinkButton } from "../../components/link_button.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { StatusTag } from "../../components/status_tag.tsx";
import { Time, useTimeTitle } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";

const FILTERS = ["biz", "reason", "user", "device", "from", "to"];

export function Component() {
  const t = useMessages();
  const { instanceId } = useCurrentInstance();
  const canSend = useCan("sendData");
  const { get } = useUrlState();
  const page = useCursorPage();
  const letters = useDeadLetters(instanceId, {
    bizType: get("biz"),
    reason: oneOf(get("reason"), Object.keys(t.deadLetters.reasons) as DeadLetterReason[]),
    userId: get("user"),
    deviceId: get("device"),
    ...useRange(),
    cursor: page.after,
  });
  const columns = useDeadLetterColumns(instanceId);
  return (
    <Page title={t.deadLetters.title} hint={t.deadLetters.hint}>
      <search className="filters">
        <FilterBiz instanceId={instanceId} />
        <FilterSelect
          name="reason"
          label={t.deadLetters.reason}
          all={t.deadLetters.allReasons}
          options={t.deadLetters.reasons}
        />
        <FilterText name="user" label={t.filters.user} width={160} />
        <FilterText name="device" label={t.filters.device} width={160} />
        <FilterRange />
      </search>
      <QueryView query={letters}>
        {({ items, next }) => (
          <>
            <DataList
              label={t.deadLetters.title}
              columns={columns}
              items={items}
              rowKey={(one) => `${one.bizType} ${one.userId ?? ""} ${one.deviceId ?? ""} ${one.owner} ${one.id}`}
              busy={letters.isPlaceholderData}
              empty={
                <EmptyPage
                  page={page}
                  next={next}
                  filters={FILTERS}
                  title={t.deadLetters.emptyTitle}
                  hint={t.deadLetters.emptyHint}
                />
              }
              {...(canSend && { actions: (one: DeadLetter) => <SendAgain instanceId={instanceId} letter={one} /> })}
            />
            <CursorPager page={page} next={next} />
          </>
        )}
      </QueryView>
    </Page>
  );
}

/** Leads to the form with this push filled in: it goes out as a new push with a new unique id. */
function SendAgain({ instanceId, letter }: { instanceId: string; letter: DeadLetter }) {
  const t = useMessages();
  const query = new URLSearchParams({ biz: letter.bizType, again: String(letter.id), owner: letter.owner });
  return (
    <LinkButton
      size="small"
      to={`/i/${encodeURIComponent(instanceId)}/send?${query}`}
      label={`${t.deadLetters.sendAgain}: ${letter.thirdMsgId ?? letter.id}`}
    >
      {t.deadLetters.sendAgain}
    </LinkButton>
  );
}

function useDeadLetterColumns(instanceId: string): Column<DeadLetter>[] {
  const t = useMessages();
  const timeTitle = useTimeTitle();
  return useMemo(() => {
    const base = `/i/${encodeURIComponent(instanceId)}/status`;
    return [
      {
        key: "mid",
        title: t.status.columns.thirdMsgId,
        heading: true,
        render: (one) => (
          <Link className="code" to={`${base}?${statusQuery(one)}`}>
            {one.thirdMsgId ?? `${one.bizType} ${one.id}`}
          </Link>
        ),
      },
      { key: "biz", title: t.filters.biz, whole: true, render: (one) => <Code text={one.bizType} /> },
      {
        key: "for",
        title: t.deadLetters.for,
        render: (one) => one.owner ? <Code text={one.owner} /> : t.common.everybody,
      },
      {
        key: "device",
        title: t.deadLetters.device,
        render: (one) => one.deviceId ? <Code text={one.deviceId} /> : "–",
      },
      {
        key: "reason",
        title: t.deadLetters.reason,
        render: (one) => (
          <span title={t.deadLetters.reasonHelp[one.reason]}>
            <StatusTag tone={one.reason === "retries" ? "bad" : "warn"}>{t.deadLetters.reasons[one.reason]}</StatusTag>
          </span>
        ),
      },
      { key: "attempts", title: t.deadLetters.attempts, align: "right", render: (one) => one.attempts },
      { key: "at", ...timeTitle(t.deadLetters.at), render: (one) => <Time at={one.at} /> },
    ];
  }, [instanceId, t, timeTitle]);
}

/** The status page of whom the push was for, with the push opened. */
function statusQuery(letter: DeadLetter): URLSearchParams {
  const kind = letter.owner === "" ? "all" : letter.userId === null ? "device" : "user";
  return new URLSearchParams({ kind, ...(letter.owner && { id: letter.owner }), ...pushLink(letter) });
}
