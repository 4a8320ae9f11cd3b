import { Button, Flex } from "antd";
import type { CursorPage } from "../app/url_state.ts";
import { useMessages } from "../i18n/provider.tsx";
import { LeftOutlined, RightOutlined } from "./icons.tsx";

/** Back and forth in a list that the server pages by cursor; nothing when all of it is on one page. */
export function CursorPager({ page, next }: { page: CursorPage; next: string | null }) {
  const t = useMessages();
  if (page.page === 1 && next === null) return null;
  return (
    <Flex
      component="nav"
      className="pager"
      justify="flex-end"
      align="center"
      gap={12}
      aria-label={t.common.page(page.page)}
    >
      <Button
        icon={<LeftOutlined />}
        aria-label={t.common.previousPage}
        disabled={page.page === 1}
        onClick={page.previous}
      />
      <span aria-live="polite">{t.common.page(page.page)}</span>
      <Button
        icon={<RightOutlined />}
        aria-label={t.common.nextPage}
        disabled={next === null}
        onClick={() => next !== null && page.next(next)}
      />
    </Flex>
  );
}
