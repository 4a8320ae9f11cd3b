import { createContext, use, useEffect } from "react";
import { Outlet, useParams } from "react-router";
import { type Instance, useInstance } from "../api/instances.ts";
import { QueryView } from "../components/query_view.tsx";
import { writePreference } from "./preferences.ts";

const Context = createContext<Instance | null>(null);

/** Loads the instance that the address names; its pages find it with {@link useCurrentInstance}. */
export function InstanceScope() {
  const { instanceId = "" } = useParams();
  const query = useInstance(instanceId);
  useEffect(() => {
    if (query.data) writePreference("instance", query.data.instanceId);
  }, [query.data]);
  return (
    <QueryView query={query}>
      {(instance) => (
        <Context value={instance}>
          <Outlet key={instance.instanceId} />
        </Context>
      )}
    </QueryView>
  );
}

/** The instance of the page. */
export function useCurrentInstance(): Instance {
  const instance = use(Context);
  if (instance === null) throw new Error("Cannot name the instance outside of InstanceScope");
  return instance;
}
