import { Button } from "antd";
import { type CursorPage, useUrlState } from "../app/url_state.ts";
import { useMessages } from "../i18n/provider.tsx";
import { ClearFilters } from "./clear_filters.tsx";
import { EmptyState } from "./feedback.tsx";

interface EmptyPageProps {
  page: CursorPage;
  next: string | null;
  /** The filters in the address that may be why. */
  filters: readonly string[];
  /** Without filters. */
  title: string;
  hint?: string;
}

/** A page without items: the search goes on, the filters let nothing through, or there is nothing at all. */
export function EmptyPage({ page, next, filters, title, hint }: EmptyPageProps) {
  const t = useMessages();
  const { get } = useUrlState();
  if (next !== null) {
    const further = <Button type="primary" onClick={() => page.next(next)}>{t.states.searchFurther}</Button>;
    return <EmptyState title={t.states.notYet} hint={t.states.notYetHint} action={further} />;
  }
  if (filters.some((name) => get(name) !== "")) {
    return <EmptyState title={t.states.emptyFiltered} action={<ClearFilters names={filters} />} />;
  }
  return <EmptyState title={title} {...(hint !== undefined && { hint })} />;
}
