import { Button } from "antd";
import { Link, Navigate } from "react-router";
import { NotFoundState, State } from "../components/feedback.tsx";
import { useMessages } from "../i18n/provider.tsx";
import { readPreference } from "./preferences.ts";

/** The console's front door: the instance looked at last, else the list. */
export function HomePage() {
  const last = readPreference("instance");
  return <Navigate to={last ? `/i/${encodeURIComponent(last)}/overview` : "/instances"} replace />;
}

export function LostPage() {
  const t = useMessages();
  return <NotFoundState action={<Link to="/instances">{t.shell.allInstances}</Link>} />;
}

/** A page that could not be drawn, or whose files a newer build has replaced. */
export function CrashPage() {
  const t = useMessages();
  return (
    <div role="alert">
      <State
        glyph="broken"
        title={t.states.crashTitle}
        hint={t.states.crashHint}
        action={<Button type="primary" onClick={() => globalThis.location.reload()}>{t.common.retry}</Button>}
      />
    </div>
  );
}
