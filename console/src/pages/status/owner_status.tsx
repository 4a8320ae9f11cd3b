import { App, Button, Card, Popconfirm } from "antd";
import { useMemo } from "react";
import { type Owner, type Session, type Status, useKick, useOwnerStatus } from "../../api/status.ts";
import { useCan } from "../../app/session_gate.tsx";
import { useFormat } from "../../app/use_format.ts";
import { Code } from "../../components/code.tsx";
import { type Column, DataList } from "../../components/data_list.tsx";
import { errorText } from "../../components/feedback.tsx";
import { Figure, Figures } from "../../components/figure.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { StatusTag, type Tone } from "../../components/status_tag.tsx";
import { Time, useTimeTitle } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";

/** Whether the user or device is connected, from where, and how its last 30 days went. */
export function OwnerStatus({ instanceId, owner }: { instanceId: string; owner: Owner }) {
  const t = useMessages();
  const status = useOwnerStatus(instanceId, owner);
  const canKick = useCan("kick");
  return (
    <Card
      className="owner-card"
      title={<Code text={owner.id} copy />}
      extra={canKick && status.data?.online && <Kick instanceId={instanceId} owner={owner} />}
      aria-label={t.status.kinds[owner.kind]}
    >
      <QueryView query={status}>{(found) => <Facts status={found} kind={owner.kind} />}</QueryView>
    </Card>
  );
}

function Facts({ status, kind }: { status: Status; kind: Owner["kind"] }) {
  const t = useMessages();
  const format = useFormat();
  const oldest = status.sessions.at(-1)?.connectedAt;
  const rate = status.pushes30d === 0 ? "–" : format.percent(status.arrivals30d / status.pushes30d);
  const columns = useSessionColumns(kind);
  return (
    <div className="stack">
      <Figures>
        <Figure
          label={t.configs.status}
          value={
            <StatusTag tone={status.online ? "good" : "idle"}>
              {status.online ? t.status.connected : t.status.notConnected}
            </StatusTag>
          }
          hint={oldest !== undefined && (
            <>
              {t.status.connectedAt} <Time at={oldest} />
            </>
          )}
        />
        <Figure label={t.status.pushes30d} value={format.number(status.pushes30d)} />
        <Figure label={t.status.arrivals30d} value={format.number(status.arrivals30d)} />
        <Figure label={t.status.arrivalRate} value={rate} />
      </Figures>
      {status.sessions.length > 0 && (
        <DataList
          label={t.status.sessions}
          columns={columns}
          items={status.sessions}
          rowKey={(one) => one.deviceId}
          empty={null}
        />
      )}
    </div>
  );
}

function Kick({ instanceId, owner }: { instanceId: string; owner: Owner }) {
  const t = useMessages();
  const { message } = App.useApp();
  const kick = useKick(instanceId, owner);
  const run = () =>
    kick.mutateAsync().then(
      ({ closed }) => void message.success(t.status.kicked(closed)),
      (error) => void message.error(errorText(error, t)),
    );
  return (
    <Popconfirm
      title={t.status.kickTitle}
      description={<div className="popconfirm-text">{t.status.kickEffect}</div>}
      okText={t.status.kick}
      cancelText={t.common.cancel}
      onConfirm={run}
    >
      <Button danger loading={kick.isPending}>{t.status.kick}</Button>
    </Popconfirm>
  );
}

const VERDICT_TONES: Record<NonNullable<Session["consistency"]>, Tone> = {
  valid: "good",
  invalid: "bad",
  unknown: "warn",
};

function useSessionColumns(kind: Owner["kind"]): Column<Session>[] {
  const t = useMessages();
  const timeTitle = useTimeTitle();
  return useMemo(() => {
    const other: Column<Session> = kind === "user"
      ? { key: "device", title: t.common.device, heading: true, render: (one) => <Code text={one.deviceId} /> }
      : {
        key: "user",
        title: t.status.boundUser,
        heading: true,
        render: (one) => one.userId ? <Code text={one.userId} /> : "–",
      };
    return [
      other,
      { key: "os", title: t.status.os, render: (one) => one.os ?? "–" },
      { key: "version", title: t.status.appVersion, render: (one) => one.appVersion ?? "–" },
      {
        key: "activity",
        title: t.status.activity,
        render: (one) => (one.foreground ? t.status.foreground : t.status.background),
      },
      {
        key: "consistency",
        title: t.status.consistency,
        render: (one) =>
          one.consistency
            ? <StatusTag tone={VERDICT_TONES[one.consistency]}>{t.status.verdicts[one.consistency]}</StatusTag>
            : "–",
      },
      { key: "since", ...timeTitle(t.status.connectedAt), render: (one) => <Time at={one.connectedAt} /> },
    ];
  }, [kind, t, timeTitle]);
}
