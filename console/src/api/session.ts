import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Success, unwrap } from "./client.ts";
import { ApiError } from "./errors.ts";

export type Me = Success<Awaited<ReturnType<typeof api.session.$get>>>;
export type Role = Me["role"];

const KEY = ["me"] as const;

/** Who is logged in. */
export function useMe() {
  return useQuery({ queryKey: KEY, queryFn: () => unwrap(api.session.$get()), staleTime: 60_000 });
}

export function useLogin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (json: { login: string; password: string }) => unwrap(api.session.$post({ json })),
    onSuccess: (me) => {
      client.clear();
      client.setQueryData(KEY, me);
    },
  });
}

/** Ends the session, where it has not ended by itself, and forgets all that was loaded in it. */
export function useLogout() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      unwrap(api.session.$delete()).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 401)) throw error;
      }),
    onSuccess: () => client.resetQueries(),
  });
}

export function useChangePassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (json: { current: string; next: string }) => unwrap(api.session.password.$post({ json })),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}
