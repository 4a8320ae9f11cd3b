import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, at, type Success, unwrap } from "./client.ts";

const users = api.instances[":instanceId"].users[":userId"];
const devices = api.instances[":instanceId"].devices[":deviceId"];

export type OwnerKind = "user" | "device";
export type Status = Pick<
  Success<Awaited<ReturnType<typeof users.$get>>>,
  "online" | "sessions" | "pushes30d" | "arrivals30d"
>;
export type Session = Status["sessions"][number];

export interface Owner {
  kind: OwnerKind;
  id: string;
}

/** Browsers take these for steps in the path, however they are written. */
const isStep = ({ id }: Owner) => id === "." || id === "..";
const inPath = (owner: Owner) => isStep(owner) ? "-" : owner.id;
const inQuery = (owner: Owner) => isStep(owner) ? { id: owner.id } : {};

/** How a user or a device stands now; asked again every few seconds. */
export function useOwnerStatus(instanceId: string, owner: Owner) {
  return useQuery<Status>({
    queryKey: ["status", instanceId, owner],
    queryFn: () =>
      owner.kind === "user"
        ? unwrap(users.$get({ param: at({ instanceId, userId: inPath(owner) }), query: inQuery(owner) }))
        : unwrap(devices.$get({ param: at({ instanceId, deviceId: inPath(owner) }), query: inQuery(owner) })),
    refetchInterval: 5_000,
    enabled: owner.id !== "",
  });
}

/** Closes the owner's connections; the devices stay away until the app asks again. */
export function useKick(instanceId: string, owner: Owner) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      owner.kind === "user"
        ? unwrap(users.kick.$post({ param: at({ instanceId, userId: inPath(owner) }), query: inQuery(owner) }))
        : unwrap(devices.kick.$post({ param: at({ instanceId, deviceId: inPath(owner) }), query: inQuery(owner) })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["status", instanceId] }),
  });
}
