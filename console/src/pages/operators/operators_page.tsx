import { Button } from "antd";
import { useMemo, useState } from "react";
import { type OneTimePassword, type Operator, useOperators } from "../../api/operators.ts";
import { roleFor } from "../../app/permissions.ts";
import { useCan, useOperator } from "../../app/session_gate.tsx";
import { useCursorPage, useUrlState } from "../../app/url_state.ts";
import { CursorPager } from "../../components/cursor_pager.tsx";
import { type Column, DataList } from "../../components/data_list.tsx";
import { EmptyState, ForbiddenState } from "../../components/feedback.tsx";
import { PlusOutlined } from "../../components/icons.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { ShownOnce } from "../../components/shown_once.tsx";
import { StatusTag } from "../../components/status_tag.tsx";
import { Time, useTimeTitle } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { NewOperatorForm } from "./new_operator_form.tsx";
import { OperatorActions, RoleSelect } from "./operator_actions.tsx";

export function Component() {
  const t = useMessages();
  return useCan("manageOperators")
    ? <Operators />
    : <ForbiddenState hint={t.states.forbiddenHint(t.shell.roles[roleFor("manageOperators")])} />;
}

function Operators() {
  const t = useMessages();
  const { get, set } = useUrlState();
  const page = useCursorPage();
  const operators = useOperators(page.after);
  const columns = useOperatorColumns();
  const [made, setMade] = useState<OneTimePassword | null>(null);
  return (
    <Page
      title={t.operators.title}
      hint={t.operators.hint}
      extra={
        <Button type="primary" icon={<PlusOutlined />} onClick={() => set({ new: "1" }, { keepPage: true })}>
          {t.operators.new}
        </Button>
      }
    >
      <QueryView query={operators}>
        {({ items, next }) => (
          <>
            <DataList
              label={t.operators.title}
              columns={columns}
              items={items}
              rowKey={(one) => one.id}
              busy={operators.isPlaceholderData}
              empty={<EmptyState />}
              actions={(one) => <OperatorActions operator={one} onPassword={setMade} />}
            />
            <CursorPager page={page} next={next} />
          </>
        )}
      </QueryView>
      <NewOperatorForm
        open={get("new") === "1"}
        onClose={() => set({ new: null }, { keepPage: true })}
        onMade={setMade}
      />
      <ShownOnce
        title={t.operators.shownTitle(made?.operator.login ?? "")}
        hint={t.operators.shownHint}
        text={made?.password ?? null}
        onClose={() => setMade(null)}
      />
    </Page>
  );
}

function useOperatorColumns(): Column<Operator>[] {
  const t = useMessages();
  const timeTitle = useTimeTitle();
  const me = useOperator();
  return useMemo(() => [
    {
      key: "login",
      title: t.operators.login,
      heading: true,
      render: (one) => (
        <>
          {one.login} {one.login === me.login && <span className="muted">({t.operators.you})</span>}
        </>
      ),
    },
    { key: "role", title: t.operators.role, render: (one) => <RoleSelect operator={one} /> },
    {
      key: "state",
      title: t.operators.state,
      render: (one) => (
        <span className="tags">
          <StatusTag tone={one.disabled ? "idle" : "good"}>
            {one.disabled ? t.operators.disabled : t.operators.active}
          </StatusTag>
          {one.mustChangePassword && <StatusTag tone="warn">{t.operators.oneTime}</StatusTag>}
        </span>
      ),
    },
    {
      key: "last",
      ...timeTitle(t.operators.lastLogin),
      render: (one) => (one.lastLoginAt === null ? t.operators.never : <Time at={one.lastLoginAt} />),
    },
  ], [t, timeTitle, me.login]);
}
