import { QueryClient } from "@tanstack/react-query";
import { isTransient } from "./errors.ts";

/** Server state: a refusal is final, a server that does not answer is asked twice more. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < 2 && isTransient(error),
      },
    },
  });
}
