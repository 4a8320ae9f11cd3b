import { createContext, use } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { ApiError } from "../api/errors.ts";
import { type Me, useMe } from "../api/session.ts";
import { ErrorState, LoadingState } from "../components/feedback.tsx";
import { type Permission, permits } from "./permissions.ts";

const Context = createContext<Me | null>(null);

/** Lets in who is logged in; leads others to the login and back, and a one-time password to its change. */
export function SessionGate() {
  const me = useMe();
  const { pathname, search } = useLocation();
  if (me.isPending) return <LoadingState />;
  if (me.error instanceof ApiError && me.error.status === 401) {
    const back = pathname === "/" ? "" : `?to=${encodeURIComponent(pathname + search)}`;
    return <Navigate to={`/login${back}`} replace />;
  }
  if (me.data === undefined) return <ErrorState error={me.error} onRetry={() => void me.refetch()} />;
  if (me.data.mustChangePassword && pathname !== "/password") return <Navigate to="/password" replace />;
  return (
    <Context value={me.data}>
      <Outlet />
    </Context>
  );
}

/** Who is logged in. */
export function useOperator(): Me {
  const me = use(Context);
  if (me === null) throw new Error("Cannot name the operator outside of SessionGate");
  return me;
}

/** Whether the operator's role allows this. */
export function useCan(permission: Permission): boolean {
  return permits(useOperator().role, permission);
}
