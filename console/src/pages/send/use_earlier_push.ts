import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { loadPush, type PushDetail } from "../../api/pushes.ts";
import { useUrlState } from "../../app/url_state.ts";

/** The push that the address asks to send again (`biz`, `again` = its id, `owner`); undefined when it asks for none. */
export function useEarlierPush(instanceId: string): UseQueryResult<PushDetail> | undefined {
  const { get } = useUrlState();
  const id = Number.parseInt(get("again"), 10);
  const key = { bizType: get("biz"), owner: get("owner"), id };
  const query = useQuery({
    queryKey: ["pushes", instanceId, "again", key],
    queryFn: () => loadPush(instanceId, key),
    enabled: Number.isFinite(id),
    staleTime: Infinity,
  });
  return Number.isFinite(id) ? query : undefined;
}
