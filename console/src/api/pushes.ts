import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, at, filledPage, type ItemOf, type Success, unwrap } from "./client.ts";

const instance = api.instances[":instanceId"];
const detail = instance.configs[":bizType"].pushes[":id"];

export type Push = ItemOf<Success<Awaited<ReturnType<typeof instance.pushes.$get>>>>;
export type PushState = Push["state"];
export type PushDetail = Success<Awaited<ReturnType<typeof detail.$get>>>;
export type Delivery = PushDetail["deliveries"][number];
export type PushAnswer = Success<Awaited<ReturnType<typeof instance.pushes.$post>>>;
export type DeadLetter = ItemOf<Success<Awaited<ReturnType<typeof instance.deadletters.$get>>>>;
export type DeadLetterReason = DeadLetter["reason"];

/** Without what is absent or empty, and all of it as text: what goes into an address. */
function query<T extends Record<string, string | number | undefined>>(values: T) {
  const filled = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(filled.map(([name, value]) => [name, String(value)])) as { [K in keyof T]?: string };
}

export interface PushFilter {
  userId?: string | undefined;
  deviceId?: string | undefined;
  bizType?: string | undefined;
  state?: PushState | undefined;
  thirdMsgId?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  cursor?: string | undefined;
}

const PAGE = 20;

export function usePushes(instanceId: string, filter: PushFilter, enabled = true) {
  const { state, ...rest } = filter;
  return useQuery({
    queryKey: ["pushes", instanceId, filter],
    queryFn: () =>
      filledPage(filter.cursor, (cursor) =>
        unwrap(instance.pushes.$get({
          param: at({ instanceId }),
          query: { ...query({ ...rest, limit: PAGE, cursor }), ...(state && { state }) },
        }))),
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** The newest pushes of the instance, again and again while somebody looks. */
export function useLivePushes(instanceId: string, running: boolean) {
  return useQuery({
    queryKey: ["pushes", instanceId, "live"],
    queryFn: () => unwrap(instance.pushes.$get({ param: at({ instanceId }), query: { limit: "12" } })),
    refetchInterval: running ? 2_000 : false,
  });
}

export interface PushKey {
  bizType: string;
  owner: string;
  id: number;
}

export function usePush(instanceId: string, push: PushKey) {
  return useQuery({
    queryKey: ["pushes", instanceId, "one", push],
    queryFn: () =>
      unwrap(detail.$get({
        param: at({ instanceId, bizType: push.bizType, id: String(push.id) }),
        query: { owner: push.owner },
      })),
    refetchInterval: 5_000,
  });
}

/** The REST body; the server makes the answer that a REST caller would get. */
export interface PushBody {
  bizType: string;
  linkToken?: string;
  thirdMsgId?: string;
  payload?: string;
  binaryPayload?: string;
  osType?: string;
  appMinVersion?: string;
  appMaxVersion?: string;
  validTimeEnd?: number;
}

export function useSendData(instanceId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (push: PushBody) => unwrap(instance.pushes.$post({ param: at({ instanceId }), json: { ...push } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["pushes", instanceId] }),
  });
}

export interface DeadLetterFilter {
  bizType?: string | undefined;
  userId?: string | undefined;
  deviceId?: string | undefined;
  reason?: DeadLetterReason | undefined;
  from?: number | undefined;
  to?: number | undefined;
  cursor?: string | undefined;
}

export function useDeadLetters(instanceId: string, filter: DeadLetterFilter) {
  const { reason, ...rest } = filter;
  return useQuery({
    queryKey: ["deadletters", instanceId, filter],
    queryFn: () =>
      filledPage(filter.cursor, (cursor) =>
        unwrap(instance.deadletters.$get({
          param: at({ instanceId }),
          query: { ...query({ ...rest, limit: PAGE, cursor }), ...(reason && { reason }) },
        }))),
    placeholderData: keepPreviousData,
  });
}

/** One push with its payload, once: what "send again" starts from. */
export function loadPush(instanceId: string, push: PushKey): Promise<PushDetail> {
  return unwrap(detail.$get({
    param: at({ instanceId, bizType: push.bizType, id: String(push.id) }),
    query: { owner: push.owner },
  }));
}
