import { Select } from "antd";
import { useState } from "react";
import { useMatch, useNavigate } from "react-router";
import { useInstanceSearch } from "../api/instances.ts";
import { useMessages } from "../i18n/provider.tsx";

/** Goes to the same page of another instance; the server searches. */
export function InstanceSwitch() {
  const t = useMessages();
  const navigate = useNavigate();
  const match = useMatch("/i/:instanceId/:page/*");
  const current = match?.params.instanceId;
  const [search, setSearch] = useState("");
  const instances = useInstanceSearch(search.trim());
  const options = (instances.data?.items ?? []).map((one) => ({
    value: one.instanceId,
    label: one.name,
    search: `${one.name} ${one.instanceId}`,
  }));
  if (search === "" && current !== undefined && !options.some((one) => one.value === current)) {
    options.unshift({ value: current, label: current, search: current });
  }
  return (
    <div className="instance-switch">
      <Select
        className="block"
        aria-label={t.shell.switchInstance}
        placeholder={t.shell.switchInstance}
        {...(current !== undefined && { value: current })}
        options={options}
        showSearch={{ optionFilterProp: "search", onSearch: setSearch }}
        optionRender={({ data }) => (
          <div>
            <div>{data.label}</div>
            <div className="code muted small">{data.value}</div>
          </div>
        )}
        loading={instances.isFetching}
        onChange={(id) => {
          setSearch("");
          void navigate(`/i/${encodeURIComponent(id)}/${match?.params.page ?? "overview"}`);
        }}
      />
    </div>
  );
}
