import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, at, type ItemOf, type Success, unwrap } from "./client.ts";
import type { Role } from "./session.ts";

const all = api.operators;
const one = all[":id"];

export type Operator = ItemOf<Success<Awaited<ReturnType<typeof all.$get>>>>;
export type OneTimePassword = Success<Awaited<ReturnType<typeof all.$post>>>;

const KEY = "operators";

export function useOperators(cursor?: string) {
  return useQuery({
    queryKey: [KEY, cursor ?? ""],
    queryFn: () => unwrap(all.$get({ query: { limit: "20", ...(cursor && { cursor }) } })),
    placeholderData: keepPreviousData,
  });
}

function useOperatorMutation<V, R>(mutationFn: (variables: V) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => client.invalidateQueries({ queryKey: [KEY] }) });
}

/** Does not wait for the list to be read again: the password is told this once, and would be lost with a page that is left. */
function useOneTimePassword<V>(mutationFn: (variables: V) => Promise<OneTimePassword>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => void client.invalidateQueries({ queryKey: [KEY] }) });
}

export function useCreateOperator() {
  return useOneTimePassword((json: { login: string; role: Role }) => unwrap(all.$post({ json })));
}

export function useChangeOperator() {
  return useOperatorMutation(({ id, ...json }: { id: number; role?: Role; disabled?: boolean }) =>
    unwrap(one.$patch({ param: at({ id: String(id) }), json }))
  );
}

/** Gives out a new one-time password and ends the operator's sessions. */
export function useResetPassword() {
  return useOneTimePassword((id: number) => unwrap(one.password.$post({ param: at({ id: String(id) }) })));
}
