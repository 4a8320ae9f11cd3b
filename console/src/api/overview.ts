import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, at, type ItemOf, type Success, unwrap } from "./client.ts";

const instance = api.instances[":instanceId"];

export type Overview = Success<Awaited<ReturnType<typeof instance.overview.$get>>>;
export type DayStat = ItemOf<Success<Awaited<ReturnType<typeof instance.stats.$get>>>>;

export interface OverviewFilter {
  /** How far back, ms; the end is always now. */
  span: number;
  bizType?: string | undefined;
}

export function useOverview(instanceId: string, { span, bizType }: OverviewFilter) {
  return useQuery({
    queryKey: ["overview", instanceId, span, bizType ?? ""],
    queryFn: () => {
      const to = Date.now();
      return unwrap(instance.overview.$get({
        param: at({ instanceId }),
        query: { from: String(to - span), to: String(to), ...(bizType && { bizType }) },
      }));
    },
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });
}

/** Per day and config. */
export function useDayStats(
  instanceId: string,
  { span, bizType, cursor }: OverviewFilter & { cursor?: string | undefined },
) {
  return useQuery({
    queryKey: ["overview", instanceId, "days", span, bizType ?? "", cursor ?? ""],
    queryFn: () =>
      unwrap(instance.stats.$get({
        param: at({ instanceId }),
        query: {
          from: String(Date.now() - span),
          limit: "10",
          ...(bizType && { bizType }),
          ...(cursor && { cursor }),
        },
      })),
    refetchInterval: 30_000,
    placeholderData: keepPreviousData,
  });
}
