import { useCallback, useMemo } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";

/** What of a page's state is in its address. An empty value leaves the address. */
export type UrlPatch = Record<string, string | number | null | undefined>;

/** Reads and writes the address's query. A changed filter begins at the first page again. */
export function useUrlState() {
  const [params, setParams] = useSearchParams();
  const { state } = useLocation();
  const set = useCallback((patch: UrlPatch, options?: { keepPage?: boolean; replace?: boolean }) => {
    setParams((previous) => {
      const next = new URLSearchParams(previous);
      if (!options?.keepPage) ["after", "page"].forEach((name) => next.delete(name));
      for (const [name, value] of Object.entries(patch)) {
        if (value === null || value === undefined || value === "") next.delete(name);
        else next.set(name, String(value));
      }
      return next;
    }, { replace: options?.replace ?? false, state: options?.keepPage ? state : null });
  }, [setParams, state]);
  const get = useCallback((name: string) => params.get(name) ?? "", [params]);
  return { get, set, params };
}

/** One of a closed set of values from the address, or nothing. */
export function oneOf<const T extends string>(value: string, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}

/** The place in a list that the server pages by cursor. */
export interface CursorPage {
  after: string | undefined;
  page: number;
  next(cursor: string): void;
  previous(): void;
}

/** The cursor lives in the address; the cursors of the pages before it live in the browser's history entry. */
export function useCursorPage(): CursorPage {
  const { get, set } = useUrlState();
  const { search, state } = useLocation();
  const navigate = useNavigate();
  const after = get("after") || undefined;
  const page = Math.max(1, Number.parseInt(get("page"), 10) || 1);
  return useMemo(() => {
    const here = after === undefined ? 1 : page;
    const before = trailOf(state);
    const go = (to: { cursor: string; page: number; trail: string[] }) => {
      const query = new URLSearchParams(search);
      query.set("after", to.cursor);
      query.set("page", String(to.page));
      void navigate({ search: query.toString() }, { state: { trail: to.trail } });
    };
    return {
      after,
      page: here,
      next: (cursor) => go({ cursor, page: here + 1, trail: [...before, after ?? ""] }),
      previous() {
        const cursor = before.at(-1);
        if (cursor) go({ cursor, page: here - 1, trail: before.slice(0, -1) });
        else set({});
      },
    };
  }, [after, page, search, state, navigate, set]);
}

/** The cursors of the pages that led here, the first page's being empty; none where the address was opened as it is. */
function trailOf(state: unknown): string[] {
  const trail = typeof state === "object" && state !== null && "trail" in state ? state.trail : undefined;
  return Array.isArray(trail) ? trail.map(String) : [];
}
