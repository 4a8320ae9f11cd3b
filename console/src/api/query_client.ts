import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError, isTransient } from "./errors.ts";

/**
 * Server state: a refusal is final, a server that does not answer is asked twice more.
 *
 * A change reads again what it made stale, then answers; by then the row, form or button that asked may be gone. What became of
 * it is therefore told by the promise of `mutateAsync`. Callbacks given to `mutate` end with their component: they are for what
 * only concerns its page, such as where to go next.
 */
export function createQueryClient(): QueryClient {
  // A session that has ended, must choose a password or lost its role shows first in whatever is asked for: ask who we are again.
  const onError = (error: unknown) => {
    if (error instanceof ApiError && SESSION_CHANGED.has(error.code)) {
      void client.invalidateQueries({ queryKey: ["me"] });
    }
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: (error, query) => query.queryKey[0] !== "me" && onError(error) }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < 2 && isTransient(error),
      },
    },
  });
  return client;
}

const SESSION_CHANGED = new Set(["UNAUTHENTICATED", "PASSWORD_CHANGE_REQUIRED", "FORBIDDEN"]);
