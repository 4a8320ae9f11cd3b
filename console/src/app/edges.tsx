import { Button, Result } from "antd";
import { Link, Navigate } from "react-router";
import { NotFoundState } from "../components/feedback.tsx";
import { useMessages } from "../i18n/provider.tsx";
import { readPreference } from "./preferences.ts";

/** The console's front door: the instance looked at last, else the list. */
export function HomePage() {
  const last = readPreference("instance");
  return <Navigate to={last ? `/i/${encodeURIComponent(last)}/overview` : "/instances"} replace />;
}

export function LostPage() {
  const t = useMessages();
  return <NotFoundState extra={<Link to="/instances">{t.shell.allInstances}</Link>} />;
}

/** A page that could not be drawn, or whose files a newer build has replaced. */
export function CrashPage() {
  const t = useMessages();
  return (
    <div role="alert">
      <Result
        status="error"
        title={t.states.crashTitle}
        subTitle={t.states.crashHint}
        extra={<Button type="primary" onClick={() => globalThis.location.reload()}>{t.common.retry}</Button>}
      />
    </div>
  );
}
