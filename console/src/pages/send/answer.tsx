import { Alert, Card } from "antd";
import type { Config } from "../../api/configs.ts";
import type { PushAnswer, PushBody } from "../../api/pushes.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { Code } from "../../components/code.tsx";
import { LinkButton } from "../../components/link_button.tsx";
import type { Messages } from "../../i18n/messages.ts";
import { useMessages } from "../../i18n/provider.tsx";

interface AnswerProps {
  config: Config;
  body: PushBody;
  answer: PushAnswer;
}

/** What the API answered, its code in plain words, and where the push can be followed. */
export function Answer({ config, body, answer }: AnswerProps) {
  const t = useMessages();
  const { instanceId } = useCurrentInstance();
  const thirdMsgId = answer.thirdMsgId ?? body.thirdMsgId ?? "";
  const follow = new URLSearchParams({
    kind: config.scope === "global" ? "all" : config.target,
    ...(body.linkToken && { id: body.linkToken }),
    biz: config.bizType,
    mid: thirdMsgId,
  });
  return (
    <Card title={t.send.answer} className="answer" role="status">
      <div className="stack">
        <Alert
          type={toneOf(answer)}
          showIcon
          title={<Code text={answer.msg} />}
          description={
            <>
              <div>{explanation(answer, config, t)}</div>
              {answer.detail && <div className="muted" lang="en">{answer.detail}</div>}
            </>
          }
        />
        {thirdMsgId && (
          <div>
            {t.send.thirdMsgId}: <Code text={thirdMsgId} copy />
          </div>
        )}
        {answer.success && config.persistent && (
          <div>
            <LinkButton to={`/i/${encodeURIComponent(instanceId)}/status?${follow}`}>{t.send.track}</LinkButton>
          </div>
        )}
      </div>
    </Card>
  );
}

function toneOf(answer: PushAnswer): "success" | "info" | "warning" | "error" {
  if (!answer.success) return "error";
  if (answer.msg === "SUCCESS") return "success";
  return answer.msg === "NOT_ONLINE" ? "info" : "warning";
}

function explanation({ msg }: PushAnswer, config: Config, t: Messages): string {
  if (msg === "SUCCESS" && config.scope === "global") return t.send.codes.globalStored;
  if (msg === "NOT_ONLINE" && !config.persistent) return t.send.codes.notOnlineDropped;
  return t.send.codes[msg];
}
