import { Select } from "antd";
import { useMatch, useNavigate } from "react-router";
import { useInstances } from "../api/instances.ts";
import { useMessages } from "../i18n/provider.tsx";

/** Goes to the same page of another instance. */
export function InstanceSwitch() {
  const t = useMessages();
  const navigate = useNavigate();
  const match = useMatch("/i/:instanceId/:page/*");
  const current = match?.params.instanceId;
  const instances = useInstances();
  const options = (instances.data?.items ?? []).map((one) => ({
    value: one.instanceId,
    label: one.name,
    search: `${one.name} ${one.instanceId}`,
  }));
  if (current !== undefined && !options.some((one) => one.value === current)) {
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
        showSearch={{ optionFilterProp: "search" }}
        optionRender={({ data }) => (
          <div>
            <div>{data.label}</div>
            <div className="code muted small">{data.value}</div>
          </div>
        )}
        loading={instances.isPending}
        onChange={(id) => void navigate(`/i/${encodeURIComponent(id)}/${match?.params.page ?? "overview"}`)}
      />
    </div>
  );
}
