import { Input, Select } from "antd";
import { useEffect, useRef, useState } from "react";
import { useConfigs } from "../api/configs.ts";
import { useUrlState } from "../app/url_state.ts";
import { useMessages } from "../i18n/provider.tsx";
import { SearchOutlined } from "./icons.tsx";

/** How long typing must rest before it changes the address. */
const TYPING_REST_MS = 350;

interface FilterTextProps {
  name: string;
  label: string;
  width?: number;
}

/** A filter typed as text. It follows the address, and changes it when typing rests. */
export function FilterText({ name, label, width = 200 }: FilterTextProps) {
  const { get, set } = useUrlState();
  const inAddress = get(name);
  const [typed, setTyped] = useState(inAddress);
  const sent = useRef(inAddress);
  useEffect(() => {
    if (inAddress !== sent.current) setTyped(inAddress);
    sent.current = inAddress;
  }, [inAddress]);
  useEffect(() => {
    const value = typed.trim();
    if (value === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = value;
      set({ [name]: value }, { replace: true });
    }, TYPING_REST_MS);
    return () => clearTimeout(timer);
  }, [typed, name, set]);
  return (
    <Input
      aria-label={label}
      placeholder={label}
      prefix={<SearchOutlined />}
      allowClear
      value={typed}
      maxLength={100}
      style={{ width }}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}

interface FilterSelectProps<T extends string> {
  name: string;
  label: string;
  /** Shown while nothing is chosen. */
  all: string;
  options: Record<T, string>;
  width?: number;
}

/** A filter chosen from a closed set. */
export function FilterSelect<T extends string>({ name, label, all, options, width = 160 }: FilterSelectProps<T>) {
  const { get, set } = useUrlState();
  const entries = Object.entries<string>(options);
  const value = entries.find(([key]) => key === get(name))?.[0] ?? "";
  return (
    <Select
      aria-label={label}
      value={value}
      style={{ width }}
      popupMatchSelectWidth={false}
      options={[{ value: "", label: all }, ...entries.map(([key, text]) => ({ value: key, label: text }))]}
      onChange={(next: string) => set({ [name]: next })}
    />
  );
}

/** A filter by config; the server searches. */
export function FilterBiz({ instanceId, name = "biz" }: { instanceId: string; name?: string }) {
  const t = useMessages();
  const { get, set } = useUrlState();
  return (
    <BizSelect
      instanceId={instanceId}
      value={get(name)}
      allowAll={t.filters.allBiz}
      onChange={(value) => set({ [name]: value })}
    />
  );
}

/** As the server finds them: Enter would choose the first of those found for what was typed before. */
function isFound(typed: string, option?: { value: string; hint: string }): boolean {
  return `${option?.value}\n${option?.hint}`.toLowerCase().includes(typed.trim().toLowerCase());
}

interface BizSelectProps {
  instanceId: string;
  value?: string;
  onChange?: (bizType: string) => void;
  /** Offers "all of them" under this name. */
  allowAll?: string;
  id?: string;
  block?: boolean;
}

/** Picks one of possibly many configs. */
export function BizSelect({ instanceId, value, onChange, allowAll, id, block }: BizSelectProps) {
  const t = useMessages();
  const [search, setSearch] = useState("");
  const configs = useConfigs(instanceId, { q: search || undefined, limit: 50 });
  const found = (configs.data?.items ?? []).map((one) => ({
    value: one.bizType,
    label: one.bizType,
    hint: one.description,
  }));
  const options = allowAll === undefined || search ? found : [{ value: "", label: allowAll, hint: "" }, ...found];
  return (
    <Select
      aria-label={t.filters.biz}
      {...(id !== undefined && { id })}
      {...(value ? { value } : allowAll !== undefined && { value: "" })}
      placeholder={t.send.chooseBiz}
      options={options}
      showSearch={{ filterOption: isFound, onSearch: setSearch }}
      loading={configs.isFetching}
      popupMatchSelectWidth={300}
      style={{ width: block ? "100%" : 200 }}
      optionRender={({ data }) => (
        <div>
          <div>{data.label}</div>
          {data.hint && <div className="muted small">{data.hint}</div>}
        </div>
      )}
      onChange={(next: string) => {
        setSearch("");
        onChange?.(next);
      }}
    />
  );
}
