import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, at, type ItemOf, type Success, unwrap } from "./client.ts";

const ofInstance = api.instances[":instanceId"].records;
const ofOperators = api.operators.records;

export type OperatorRecord = ItemOf<Success<Awaited<ReturnType<typeof ofInstance.$get>>>>;
export type RecordAction = OperatorRecord["action"];

export interface RecordFilter {
  operator?: string | undefined;
  action?: RecordAction | undefined;
  from?: number | undefined;
  to?: number | undefined;
  cursor?: string | undefined;
}

/** The records of an instance; without one, those about operators. */
export function useRecords(instanceId: string | null, filter: RecordFilter) {
  const query = {
    limit: "20",
    ...(filter.operator && { operator: filter.operator }),
    ...(filter.action && { action: filter.action }),
    ...(filter.from !== undefined && { from: String(filter.from) }),
    ...(filter.to !== undefined && { to: String(filter.to) }),
    ...(filter.cursor && { cursor: filter.cursor }),
  };
  return useQuery({
    queryKey: ["records", instanceId, filter],
    queryFn: () =>
      instanceId === null
        ? unwrap(ofOperators.$get({ query }))
        : unwrap(ofInstance.$get({ param: at({ instanceId }), query })),
    placeholderData: keepPreviousData,
  });
}
