import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, at, type ItemOf, type Success, unwrap } from "./client.ts";

const all = api.instances[":instanceId"].configs;
const one = all[":bizType"];

export type Config = ItemOf<Success<Awaited<ReturnType<typeof all.$get>>>>;
export type ConfigStatus = Config["status"];

/** What a new config is made of; the server fills in what is left out. */
export type NewConfig = Parameters<typeof all.$post>[0]["json"];
export type ConfigChange = Parameters<typeof one.$patch>[0]["json"];

export interface ConfigFilter {
  q?: string | undefined;
  status?: ConfigStatus | undefined;
  cursor?: string | undefined;
  limit?: number;
}

const key = (instanceId: string, ...rest: unknown[]) => ["configs", instanceId, ...rest];

export function useConfigs(instanceId: string, filter: ConfigFilter = {}) {
  const { q, status, cursor, limit = 20 } = filter;
  return useQuery({
    queryKey: key(instanceId, "list", filter),
    queryFn: () =>
      unwrap(all.$get({
        param: at({ instanceId }),
        query: { limit: String(limit), ...(q && { q }), ...(status && { status }), ...(cursor && { cursor }) },
      })),
    placeholderData: keepPreviousData,
  });
}

export function useConfig(instanceId: string, bizType: string) {
  return useQuery({
    queryKey: key(instanceId, "one", bizType),
    queryFn: () => unwrap(one.$get({ param: at({ instanceId, bizType }) })),
    enabled: bizType !== "",
  });
}

function useConfigMutation<V, R>(instanceId: string, mutationFn: (variables: V) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: key(instanceId) }),
        client.invalidateQueries({ queryKey: ["overview", instanceId] }),
      ]),
  });
}

export function useCreateConfig(instanceId: string) {
  return useConfigMutation(instanceId, (json: NewConfig) => unwrap(all.$post({ param: at({ instanceId }), json })));
}

export function useChangeConfig(instanceId: string, bizType: string) {
  return useConfigMutation(
    instanceId,
    (json: ConfigChange) => unwrap(one.$patch({ param: at({ instanceId, bizType }), json })),
  );
}

export function useSetConfigStatus(instanceId: string, bizType: string) {
  return useConfigMutation(
    instanceId,
    (status: ConfigStatus) => unwrap(one[status].$post({ param: at({ instanceId, bizType }) })),
  );
}

/** Does not wait for the lists to be read again: its own page must be left first. */
export function useDeleteConfig(instanceId: string, bizType: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(one.$delete({ param: at({ instanceId, bizType }) })),
    onSuccess: () => void client.invalidateQueries({ queryKey: key(instanceId, "list") }),
  });
}
