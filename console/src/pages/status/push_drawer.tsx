import { Descriptions, Drawer } from "antd";
import { type PushDetail, type PushKey, usePush } from "../../api/pushes.ts";
import { readPushLink } from "../../app/push_link.ts";
import { useUrlState } from "../../app/url_state.ts";
import { Code } from "../../components/code.tsx";
import { PushStateTag } from "../../components/push_state_tag.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Time } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { PushTimeline } from "./push_timeline.tsx";

/** One push with all that is known of it, from accepted to arrived; opened by the address. */
export function PushDrawer({ instanceId }: { instanceId: string }) {
  const t = useMessages();
  const { get, set } = useUrlState();
  const push = readPushLink(get);
  return (
    <Drawer
      open={push !== null}
      title={t.status.detailTitle}
      size={620}
      onClose={() => set({ push: null, for: null }, { keepPage: true })}
    >
      {push && <Detail instanceId={instanceId} push={push} />}
    </Drawer>
  );
}

function Detail({ instanceId, push }: { instanceId: string; push: PushKey }) {
  const t = useMessages();
  const detail = usePush(instanceId, push);
  return (
    <QueryView query={detail}>
      {(found) => (
        <div className="stack">
          <div className="push-verdict">
            <PushStateTag state={found.state} /> <span>{t.status.stateHelp[found.state]}</span>
          </div>
          <PushTimeline push={found} />
          <Facts push={found} />
          <Payload push={found} />
        </div>
      )}
    </QueryView>
  );
}

function Facts({ push }: { push: PushDetail }) {
  const t = useMessages();
  const range = push.appMinVersion || push.appMaxVersion
    ? `${push.appMinVersion ?? "…"} – ${push.appMaxVersion ?? "…"}`
    : t.status.rangeAny;
  return (
    <Descriptions
      bordered
      size="small"
      column={1}
      styles={{ label: { width: 150 } }}
      items={[
        { key: "biz", label: t.status.columns.bizType, children: <Code text={push.bizType} /> },
        {
          key: "owner",
          label: t.status.columns.owner,
          children: push.owner ? <Code text={push.owner} copy /> : t.common.everybody,
        },
        {
          key: "mid",
          label: t.status.columns.thirdMsgId,
          children: push.thirdMsgId ? <Code text={push.thirdMsgId} copy /> : "–",
        },
        { key: "id", label: t.status.columns.id, children: <Code text={String(push.id)} /> },
        { key: "os", label: t.send.system, children: push.osType ?? t.send.systemAll },
        { key: "range", label: t.status.range, children: range },
        { key: "valid", label: t.status.timeline.validUntil, children: <Time at={push.validUntil} /> },
      ]}
    />
  );
}

function Payload({ push }: { push: PushDetail }) {
  const t = useMessages();
  return (
    <div>
      <h2 className="sub-title">{t.status.payload}</h2>
      {push.payload === null ? <p className="muted">{t.status.payloadGone}</p> : (
        <>
          {push.binary && <p className="muted">{t.status.payloadBinary}</p>}
          {/* Focusable, so that a long one can be scrolled by keyboard. */}
          <pre className="raw" tabIndex={0}>{pretty(push.payload)}</pre>
        </>
      )}
    </div>
  );
}

/** JSON is set out in lines; everything else stays as it is. */
function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
