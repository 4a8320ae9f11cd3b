import { Button, Card } from "antd";
import { useState } from "react";
import { Link } from "react-router";
import { type Push, useLivePushes } from "../../api/pushes.ts";
import { pushLink } from "../../app/push_link.ts";
import { Code } from "../../components/code.tsx";
import { PauseOutlined, PlayCircleOutlined } from "../../components/icons.tsx";
import { PushStateTag } from "../../components/push_state_tag.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { StatusTag } from "../../components/status_tag.tsx";
import { Time } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";

/** The newest pushes as they pass, with what becomes of each; each leads to its timeline. */
export function LiveTail({ instanceId }: { instanceId: string }) {
  const t = useMessages();
  const [running, setRunning] = useState(true);
  const pushes = useLivePushes(instanceId, running);
  return (
    <Card
      title={
        <span className="tags">
          {t.overview.live}
          {!running
            ? <StatusTag tone="idle">{t.common.paused}</StatusTag>
            : pushes.isError
            ? <StatusTag tone="warn">{t.common.interrupted}</StatusTag>
            : <StatusTag tone="good">{t.common.live}</StatusTag>}
        </span>
      }
      size="small"
      extra={
        <Button
          type="text"
          size="small"
          icon={running ? <PauseOutlined /> : <PlayCircleOutlined />}
          onClick={() => setRunning(!running)}
        >
          {running ? t.overview.pause : t.overview.resume}
        </Button>
      }
    >
      <p className="muted small">{t.overview.liveHint}</p>
      <QueryView query={pushes}>
        {({ items }) =>
          items.length === 0 ? <div className="chart-empty muted">{t.overview.liveEmpty}</div> : (
            <ul className="tail">
              {items.map((push) => <TailLine key={`${push.bizType} ${push.owner} ${push.id}`} push={push} />)}
            </ul>
          )}
      </QueryView>
    </Card>
  );
}

function TailLine({ push }: { push: Push }) {
  const t = useMessages();
  const query = new URLSearchParams({ kind: "all", ...pushLink(push) });
  return (
    <li>
      <Time at={push.createdAt} />
      <PushStateTag state={push.state} />
      <Code text={push.bizType} />
      <span className="tail-owner">{push.owner || t.common.everybody}</span>
      <Link className="code tail-mid" to={`../status?${query}`} relative="path">{push.thirdMsgId ?? push.id}</Link>
    </li>
  );
}
