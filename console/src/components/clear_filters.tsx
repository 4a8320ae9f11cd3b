import { Button } from "antd";
import { useUrlState } from "../app/url_state.ts";
import { useMessages } from "../i18n/provider.tsx";

/** Takes these filters out of the address. */
export function ClearFilters({ names }: { names: readonly string[] }) {
  const t = useMessages();
  const { set } = useUrlState();
  return (
    <Button onClick={() => set(Object.fromEntries(names.map((name) => [name, null])))}>{t.states.clearFilters}</Button>
  );
}
