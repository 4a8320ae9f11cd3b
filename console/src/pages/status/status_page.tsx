import { Card, Input, Segmented } from "antd";
import { useEffect, useState } from "react";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { oneOf, useUrlState } from "../../app/url_state.ts";
import { EmptyState } from "../../components/feedback.tsx";
import { Page } from "../../components/page.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { OwnerStatus } from "./owner_status.tsx";
import { PushDrawer } from "./push_drawer.tsx";
import { PushList } from "./push_list.tsx";
import "./status.css";

const KINDS = ["user", "device", "all"] as const;
type Kind = typeof KINDS[number];

/** User and device status (CON-4): who is looked for is in the address, so that a finding can be sent to a colleague. */
export function Component() {
  const t = useMessages();
  const { instanceId } = useCurrentInstance();
  const { get, set } = useUrlState();
  const kind = oneOf(get("kind"), KINDS) ?? "user";
  const id = get("id");
  const owner = kind === "all" || id === "" ? null : { kind, id };
  return (
    <Page title={t.status.title} hint={t.status.hint} bare>
      <div className="stack">
        <Card>
          <search className="filters filters-last">
            <Segmented<Kind>
              aria-label={t.status.kindLabel}
              value={kind}
              options={KINDS.map((one) => ({ value: one, label: t.status.kinds[one] }))}
              onChange={(next) => set({ kind: next, id: null, push: null, for: null })}
            />
            {kind !== "all" && (
              <IdSearch
                key={kind}
                label={t.status.idPlaceholder[kind]}
                value={id}
                onSearch={(next) => set({ id: next })}
              />
            )}
          </search>
        </Card>
        {owner && <OwnerStatus key={`${kind} ${id}`} instanceId={instanceId} owner={owner} />}
        {owner || kind === "all" ? <PushList key={`${kind} ${id}`} instanceId={instanceId} owner={owner} /> : (
          <Card>
            <EmptyState title={t.status.start} hint={t.status.startHint} />
          </Card>
        )}
      </div>
      <PushDrawer instanceId={instanceId} />
    </Page>
  );
}

interface IdSearchProps {
  label: string;
  value: string;
  onSearch: (id: string) => void;
}

function IdSearch({ label, value, onSearch }: IdSearchProps) {
  const t = useMessages();
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  return (
    <Input.Search
      className="id-search"
      aria-label={label}
      placeholder={label}
      enterButton={t.common.search}
      value={typed}
      maxLength={100}
      allowClear
      autoFocus={value === ""}
      onChange={(event) => setTyped(event.target.value)}
      onSearch={(text) => onSearch(text.trim())}
    />
  );
}
