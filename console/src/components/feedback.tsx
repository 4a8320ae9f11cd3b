import { Alert, Button, Skeleton } from "antd";
import type { ReactNode } from "react";
import { ApiError } from "../api/errors.ts";
import { localTime } from "../app/time.ts";
import type { Messages } from "../i18n/messages.ts";
import { useMessages } from "../i18n/provider.tsx";

/** An error in the operator's words; the server's own sentence where it says more than the status does. */
export function errorText(error: unknown, t: Messages): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : t.states.errorServer;
  if (error.status === 0) return t.states.errorNetwork;
  const refusal = new Map(Object.entries(t.states.refusals)).get(error.code);
  if (refusal !== undefined) return refusal;
  if (error.status === 429) return t.states.errorTooMany;
  if (error.status === 503) return t.states.errorBusy;
  if (error.status >= 500) return t.states.errorServer;
  return error.message;
}

export function LoadingState({ rows = 6 }: { rows?: number }) {
  const t = useMessages();
  return (
    <div role="status" aria-label={t.common.loading} className="pad">
      <Skeleton active title paragraph={{ rows }} />
    </div>
  );
}

export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useMessages();
  if (error instanceof ApiError && error.status === 403) return <ForbiddenState hint={errorText(error, t)} />;
  if (error instanceof ApiError && error.status === 404) return <NotFoundState hint={errorText(error, t)} />;
  const retry = onRetry && <Button type="primary" onClick={onRetry}>{t.common.retry}</Button>;
  return (
    <div role="alert">
      <State glyph="broken" title={t.states.errorTitle} hint={errorText(error, t)} action={retry} />
    </div>
  );
}

/** Above what was read before and could not be read again: it may not be so any more. */
export function OutdatedNote({ error, at, onRetry }: { error: unknown; at: number; onRetry: () => void }) {
  const t = useMessages();
  return (
    <Alert
      className="outdated"
      type="warning"
      showIcon
      role="alert"
      title={t.states.outdated(localTime(at))}
      description={errorText(error, t)}
      action={<Button size="small" onClick={onRetry}>{t.common.retry}</Button>}
    />
  );
}

export function ForbiddenState({ hint }: { hint: string }) {
  const t = useMessages();
  return <State glyph="lock" title={<h1>{t.states.forbiddenTitle}</h1>} hint={hint} />;
}

export function NotFoundState({ hint, action }: { hint?: string; action?: ReactNode }) {
  const t = useMessages();
  const title = <h1>{t.states.notFoundTitle}</h1>;
  return <State glyph="lost" title={title} hint={hint ?? t.states.notFoundHint} action={action} />;
}

interface EmptyProps {
  title?: string;
  hint?: string;
  action?: ReactNode;
}

export function EmptyState({ title, hint, action }: EmptyProps) {
  const t = useMessages();
  return <State glyph="empty" title={title ?? t.states.emptyTitle} hint={hint} action={action} />;
}

interface StateProps {
  glyph: keyof typeof PATHS;
  title: ReactNode;
  hint?: ReactNode;
  action?: ReactNode;
}

/** In place of content: a drawing, what is the matter, and what can be done about it. */
export function State({ glyph, title, hint, action }: StateProps) {
  return (
    <div className="state">
      <svg viewBox="0 0 80 76" width={80} height={76} className="glyph" aria-hidden="true">
        <path d={PATHS[glyph]} />
      </svg>
      <div className="state-title">{title}</div>
      {hint && <div className="muted">{hint}</div>}
      {action && <div className="state-action">{action}</div>}
    </div>
  );
}

// Line drawings, coloured by the theme.
const PATHS = {
  empty: "M14 38h14l4 6h16l4-6h14M14 38l8-20h36l8 20v20H14z",
  lock: "M24 36h32v26H24zM30 36v-8a10 10 0 0 1 20 0v8M40 46v6",
  broken: "M40 14l28 48H12zM40 32v14M40 53v1",
  lost: "M34 16a18 18 0 1 0 0 36a18 18 0 0 0 0-36zM47 47l15 15M28 34h12",
};
