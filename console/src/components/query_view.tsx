import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "../api/errors.ts";
import { ErrorState, LoadingState, OutdatedNote } from "./feedback.tsx";

interface QueryViewProps<T> {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
  loading?: ReactNode;
}

/**
 * Shows what a query has: its data, or that it is loading, or why it failed. Old data stays while new data loads, and says
 * from when it is where that fails; but not what was deleted, or may not be seen any more.
 */
export function QueryView<T>({ query, children, loading }: QueryViewProps<T>) {
  const { data, error } = query;
  const retry = () => void query.refetch();
  if (data !== undefined && !isOver(error)) {
    return (
      <>
        {error !== null && <OutdatedNote error={error} at={query.dataUpdatedAt} onRetry={retry} />}
        {children(data)}
      </>
    );
  }
  if (query.isError) return <ErrorState error={query.error} onRetry={retry} />;
  return loading ?? <LoadingState />;
}

function isOver(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 403);
}
