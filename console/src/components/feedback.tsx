import { Button, Empty, Flex, Result, Skeleton } from "antd";
import type { ReactNode } from "react";
import { ApiError } from "../api/errors.ts";
import type { Messages } from "../i18n/messages.ts";
import { useMessages } from "../i18n/provider.tsx";

/** An error in the operator's words; the server's own sentence where it says more than the status does. */
export function errorText(error: unknown, t: Messages): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : t.states.errorServer;
  if (error.status === 0) return t.states.errorNetwork;
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
  if (error instanceof ApiError && error.status === 403) return <ForbiddenState hint={error.message} />;
  if (error instanceof ApiError && error.status === 404) return <NotFoundState hint={error.message} />;
  return (
    <div role="alert">
      <Result
        status="warning"
        title={t.states.errorTitle}
        subTitle={errorText(error, t)}
        extra={onRetry && <Button type="primary" onClick={onRetry}>{t.common.retry}</Button>}
      />
    </div>
  );
}

export function ForbiddenState({ hint }: { hint: string }) {
  const t = useMessages();
  return (
    <Result
      status="info"
      icon={<Glyph kind="lock" />}
      title={<h1 className="state-title">{t.states.forbiddenTitle}</h1>}
      subTitle={hint}
    />
  );
}

export function NotFoundState({ hint, extra }: { hint?: string; extra?: ReactNode }) {
  const t = useMessages();
  return (
    <Result
      status="info"
      icon={<Glyph kind="lost" />}
      title={<h1 className="state-title">{t.states.notFoundTitle}</h1>}
      subTitle={hint ?? t.states.notFoundHint}
      extra={extra}
    />
  );
}

interface EmptyProps {
  title?: string;
  hint?: string;
  action?: ReactNode;
}

export function EmptyState({ title, hint, action }: EmptyProps) {
  const t = useMessages();
  return (
    <Empty
      className="pad"
      image={<Glyph kind="empty" />}
      styles={{ image: { height: 72 } }}
      description={
        <Flex vertical gap={4} align="center">
          <strong>{title ?? t.states.emptyTitle}</strong>
          {hint && <span className="muted">{hint}</span>}
        </Flex>
      }
    >
      {action}
    </Empty>
  );
}

const PATHS = {
  empty: "M14 38h14l4 6h16l4-6h14M14 38l8-20h36l8 20v20H14z",
  lock: "M24 36h32v26H24zM30 36v-8a10 10 0 0 1 20 0v8M40 46v6",
  lost: "M34 16a18 18 0 1 0 0 36a18 18 0 0 0 0-36zM47 47l15 15M28 34h12",
};

/** Line drawings for the states without data; plain SVG, coloured by the theme. */
function Glyph({ kind }: { kind: keyof typeof PATHS }) {
  return (
    <svg viewBox="0 0 80 76" width={80} height={76} className="glyph" aria-hidden="true">
      <path d={PATHS[kind]} />
    </svg>
  );
}
