import { useCallback, useMemo } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";

/** What of a page's state is in its address. An empty value leaves the address. */
export type UrlPatch = Record<string, string | number | null | undefined>;

/** Reads and writes the address's query. A changed filter begins at the first page again. */
export function useUrlState() {
  const [params, setParams] = useSearchParams();
  const set = useCallback((patch: UrlPatch, options?: { keepPage?: boolean; replace?: boolean }) => {
    setParams((previous) => {
      const next = new URLSearchParams(previous);
      if (!options?.keepPage) ["after", "page"].forEach((name) => next.delete(name));
      for (const [name, value] of Object.entries(patch)) {
        if (value === null || value === undefined || value === "") next.delete(name);
        else next.set(name, String(value));
      }
      return next;
    }, { replace: options?.replace ?? false });
  }, [setParams]);
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
  const location = useLocation();
  const navigate = useNavigate();
  const after = get("after") || undefined;
  const page = Math.max(1, Number.parseInt(get("page"), 10) || 1);
  const cameFromPrevious = isTrail(location.state);
  return useMemo(() => ({
    after,
    page: after === undefined ? 1 : page,
    next(cursor) {
      const query = new URLSearchParams(location.search);
      query.set("after", cursor);
      query.set("page", String((after === undefined ? 1 : page) + 1));
      void navigate({ search: query.toString() }, { state: { trail: true } });
    },
    previous() {
      if (cameFromPrevious) void navigate(-1);
      else set({});
    },
  }), [after, page, location.search, navigate, set, cameFromPrevious]);
}

function isTrail(state: unknown): boolean {
  return typeof state === "object" && state !== null && "trail" in state;
}
