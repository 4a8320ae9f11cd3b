import { DatePicker } from "antd";
import dayjs from "dayjs";
import { useUrlState } from "../app/url_state.ts";
import { useMessages } from "../i18n/provider.tsx";

/** A filter by days, local; `from` and `to` are in the address, both included. */
export function FilterRange() {
  const t = useMessages();
  const { get, set } = useUrlState();
  const day = (text: string) => (text && dayjs(text).isValid() ? dayjs(text) : null);
  return (
    <DatePicker.RangePicker
      aria-label={t.filters.range}
      value={[day(get("from")), day(get("to"))]}
      placeholder={[t.filters.from, t.filters.to]}
      allowEmpty={[true, true]}
      style={{ maxWidth: 280 }}
      onChange={(days) => set({ from: days?.[0]?.format("YYYY-MM-DD"), to: days?.[1]?.format("YYYY-MM-DD") })}
    />
  );
}

/** The days of {@link FilterRange} as times: from the first one's start to the last one's end. */
export function useRange(): { from: number | undefined; to: number | undefined } {
  const { get } = useUrlState();
  const at = (text: string, days: number) => {
    const day = dayjs(text);
    return text && day.isValid() ? day.startOf("day").add(days, "day").valueOf() : undefined;
  };
  return { from: at(get("from"), 0), to: at(get("to"), 1) };
}
