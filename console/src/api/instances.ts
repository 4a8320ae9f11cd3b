import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, at, type ItemOf, type Success, unwrap } from "./client.ts";

const one = api.instances[":instanceId"];

export type Instance = ItemOf<Success<Awaited<ReturnType<typeof api.instances.$get>>>>;
export type Secret = Instance["secrets"][number];
export type ShownSecret = Success<Awaited<ReturnType<typeof one.secrets.$post>>>;
export type Trial = Success<Awaited<ReturnType<(typeof one)["validation-trial"]["$post"]>>>;

const KEY = "instances";

/** The first 200 instances, or a page after a cursor. */
export function useInstances(cursor?: string) {
  return useQuery({
    queryKey: [KEY, "list", cursor ?? ""],
    queryFn: () => unwrap(api.instances.$get({ query: { limit: "200", ...(cursor && { cursor }) } })),
    staleTime: 30_000,
  });
}

/** The first instances whose name or id holds this text. */
export function useInstanceSearch(q: string) {
  return useQuery({
    queryKey: [KEY, "search", q],
    queryFn: () => unwrap(api.instances.$get({ query: { limit: "200", ...(q && { q }) } })),
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  });
}

export function useInstance(instanceId: string) {
  return useQuery({
    queryKey: [KEY, "one", instanceId],
    queryFn: () => unwrap(one.$get({ param: at({ instanceId }) })),
  });
}

function useInstanceMutation<V, R>(mutationFn: (variables: V) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSuccess: () => client.invalidateQueries({ queryKey: [KEY] }) });
}

export interface NewInstance {
  workspaceId: string;
  appId: string;
  name: string;
}

export function useCreateInstance() {
  return useInstanceMutation((json: NewInstance) => unwrap(api.instances.$post({ json })));
}

export type InstanceChange = Partial<Pick<Instance, "name" | "signature" | "sessionValidateUrl">>;

export function useChangeInstance(instanceId: string) {
  return useInstanceMutation((json: InstanceChange) => unwrap(one.$patch({ param: at({ instanceId }), json })));
}

/** Does not wait for what is read again: the secret is told this once, and would be lost with a page that is left. */
export function useNewSecret(instanceId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (kind: Secret["kind"]) => unwrap(one.secrets.$post({ param: at({ instanceId }), json: { kind } })),
    onSuccess: () => void client.invalidateQueries({ queryKey: [KEY] }),
  });
}

export function useRevokeSecret(instanceId: string) {
  return useInstanceMutation((id: string) => unwrap(one.secrets[":id"].$delete({ param: at({ instanceId, id }) })));
}

/** Lets all ids jump ahead, after a backup was restored. */
export function useJumpIds(instanceId: string) {
  return useInstanceMutation(() => unwrap(one.epoch.$post({ param: at({ instanceId }) })));
}

/** Asks a validation URL once. */
export function useValidationTrial(instanceId: string) {
  return useMutation({
    mutationFn: (json: { userId: string; sessionId: string; url?: string }) =>
      unwrap(one["validation-trial"].$post({ param: at({ instanceId }), json })),
  });
}

/** The client config file of one platform. */
export function loadMetaConfig(instanceId: string, platform: string) {
  return unwrap(one["meta.config"].$get({ param: at({ instanceId }), query: { platform } }));
}
